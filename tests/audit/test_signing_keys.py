"""Verification after the signing key was lost or replaced."""

import pytest

from calls.audit import chain, checkpoints, settings_audit, signing
from calls.models import AuditCheckpoint, AuditEntry
from tests.fixtures.history import Owner, append, sql

OLD, NEW = "only-for-tests-signing-key-0123456789-abcdefghij", "the key that takes over"


@pytest.fixture
def replaced(story, settings):
    """Three entries and a checkpoint signed with the previous key, then a start with the new one."""
    checkpoints.sign_chain()
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_SIGNING_KEY_FALLBACKS = NEW, [OLD]
    settings_audit.record_changes()
    return list(AuditEntry.objects.order_by("id"))


def with_the_old_key(settings, act) -> None:
    """Append an entry with the previous key, as a process with old settings or the finder of that key would."""
    settings.AUDIT_SIGNING_KEY = OLD
    act()
    settings.AUDIT_SIGNING_KEY = NEW


def test_both_keys_together_prove_everything(replaced, prove):
    assert (prove().code, prove().text.startswith("Intact: 4 entries")) == (0, True)
    assert chain.is_genuine(replaced[0]) is True


def test_without_the_old_key_what_it_signed_is_in_doubt_and_nothing_else(replaced, prove, settings):
    settings.AUDIT_SIGNING_KEY_FALLBACKS = []
    proof = prove()
    old = replaced[0].key_id
    assert proof.code == 2
    assert f"3 entries from #{replaced[0].pk} to #{replaced[2].pk} are signed with key {old}" in proof.text
    assert "Checkpoint #" in proof.text
    assert chain.is_genuine(replaced[0]) is None


def test_a_change_is_found_in_what_the_old_key_signed(replaced, prove):
    with Owner():
        sql("UPDATE calls_auditentry SET signature = hash WHERE id = %s", replaced[1].pk)
    proof = prove()
    assert (proof.code, f"#{replaced[1].pk} of" in proof.text) == (1, True)


def test_what_the_old_key_signs_behind_the_new_one_is_doubted(replaced, prove, settings):
    with_the_old_key(settings, lambda: append("account.signed_in"))
    append("account.signed_out")
    late = AuditEntry.objects.order_by("-id")[1]
    proof = prove()
    expected = f"1 entries from #{late.pk} to #{late.pk} are signed with key {late.key_id}, which was no longer in use"
    assert (proof.code, expected in proof.text) == (2, True)


def test_a_whole_history_of_the_old_key_is_doubted(story, prove, settings):
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_SIGNING_KEY_FALLBACKS = NEW, [OLD]
    proof = prove()
    expected = f"nothing is signed with the one in use, {signing.key_id()}"
    assert (proof.code, expected in proof.text) == (2, True)


def test_the_keys_are_named_by_ids_that_give_nothing_away(replaced):
    assert set(signing.keys()) == {entry.key_id for entry in replaced}
    assert AuditCheckpoint.objects.get().key_id == replaced[0].key_id
    assert not [key_id for key_id in set(signing.keys()) if len(key_id) != 16 or key_id in OLD + NEW]


@pytest.mark.parametrize("signature", ["", "ы", 7, None, b"\xff"])
def test_a_signature_that_is_none_is_wrong_and_no_accident(signature):
    assert signing.holds("text", NEW, signature) is False
    assert signing.holds("text", None, signature) is None
