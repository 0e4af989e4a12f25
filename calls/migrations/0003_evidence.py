import unicodedata

from django.db import migrations, models


def fold_names(apps, schema_editor):
    """Fill the columns to search by; `migrate` creates the audit triggers again afterwards."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION IF EXISTS calls_audit_refuse() CASCADE")
            cursor.execute("DROP TRIGGER IF EXISTS calls_auditpersonal_append_only ON calls_auditpersonal")
        else:
            cursor.execute("DROP TRIGGER IF EXISTS calls_auditpersonal_refuses_update")
        cursor.execute("SELECT entry_id, actor_name, caller_name FROM calls_auditpersonal")
        folded = [(_fold(actor), _fold(caller), entry_id) for entry_id, actor, caller in cursor.fetchall()]
        cursor.executemany(
            "UPDATE calls_auditpersonal SET actor_folded = %s, caller_folded = %s WHERE entry_id = %s", folded
        )


def _fold(name):
    return unicodedata.normalize("NFKC", name).casefold()[:300]


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0002_groups"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="auditentry",
            name="entry_action",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="entry_actor",
        ),
        migrations.RemoveIndex(
            model_name="auditpersonal",
            name="personal_actor_name",
        ),
        migrations.AddField(
            model_name="auditcheckpoint",
            name="kind",
            field=models.CharField(
                choices=[
                    ("seal", "nothing more"),
                    ("erasure", "personal values up to here were erased"),
                    ("cut", "entries up to here were removed"),
                ],
                default="seal",
                max_length=16,
                verbose_name="states also",
            ),
        ),
        migrations.AddField(
            model_name="auditpersonal",
            name="actor_folded",
            field=models.CharField(blank=True, max_length=300, verbose_name="actor, to search for"),
        ),
        migrations.AddField(
            model_name="auditpersonal",
            name="caller_folded",
            field=models.CharField(blank=True, max_length=300, verbose_name="caller, to search for"),
        ),
        migrations.RunPython(fold_names, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action", "at", "id"], name="entry_action"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor_id", "at", "id"], name="entry_actor"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["request_id"], name="entry_request"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["client_request_id"], name="entry_client_request"),
        ),
        migrations.AddIndex(
            model_name="auditpersonal",
            index=models.Index(fields=["actor_folded"], name="personal_actor"),
        ),
        migrations.AddIndex(
            model_name="auditpersonal",
            index=models.Index(fields=["caller_folded"], name="personal_caller"),
        ),
        migrations.AddIndex(
            model_name="rejectattempt",
            index=models.Index(fields=["requested_at", "id"], name="attempt_requested"),
        ),
    ]
