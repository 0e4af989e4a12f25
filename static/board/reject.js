/** Asking for a rejection: an ordinary POST, so it works whether or not the feed does. */

/** No answer can be trusted to come after this long; the server gives up on Graph much sooner. Milliseconds. */
const PATIENCE = 20_000;

export function cookie(name, cookies = document.cookie) {
  const found = cookies.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** Send the decision and return `{status, body}`; status 0 means that no answer came. Never throws. */
export async function sendReject(url, { reason, seen, csrfToken, fetch = globalThis.fetch }) {
  try {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify({ reason, seen }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    return { status: response.status, body: await readJson(response) };
  } catch {
    return { status: 0, body: {} };
  }
}

async function readJson(response) {
  try {
    return (await response.json()) ?? {};
  } catch {
    return {};
  }
}
