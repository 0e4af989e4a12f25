/** Names of callers and targets; texts for kinds, modalities and call states. */

import { gettext } from "./words.js";

export function kindInWords(kind) {
  const words = {
    user: gettext("Teams user"),
    phone: gettext("phone"),
    guest: gettext("guest"),
    application: gettext("application"),
    applicationInstance: gettext("resource account"),
    acsUser: gettext("communication services user"),
    encrypted: gettext("identity withheld"),
    onPremises: gettext("on-premises user"),
    spoolUser: gettext("outside user"),
  };
  return words[kind] ?? kind ?? "";
}

export function nameOf(party) {
  return party?.name || party?.id || gettext("Unknown caller");
}

/** Names of the targets, including the bot; empty when Graph named none. */
export function targetsInWords(targets) {
  return (targets ?? []).map((target) => target?.name || target?.id).filter(Boolean).join(", ");
}

export function modalityInWords(modality) {
  const words = {
    audio: gettext("audio"),
    video: gettext("video"),
    videoBasedScreenSharing: gettext("screen sharing"),
    data: gettext("data"),
  };
  return words[modality] ?? modality;
}

export function stateInWords(state) {
  const words = {
    incoming: gettext("incoming"),
    ringing: gettext("ringing"),
    establishing: gettext("being answered"),
    established: gettext("in conversation"),
    hold: gettext("on hold"),
    transferring: gettext("being transferred"),
    transferAccepted: gettext("transfer accepted"),
    redirecting: gettext("being redirected"),
    terminating: gettext("ending"),
    terminated: gettext("ended"),
  };
  return words[state] ?? (state || gettext("state not told"));
}
