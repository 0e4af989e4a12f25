/** Sends a JSON POST with the CSRF token and returns the answer. */

const CSRF_COOKIE = "csrftoken"; // Django's usual name, which the settings keep
const PATIENCE = 20_000; // milliseconds

export function cookie(name, cookies = document.cookie) {
  const found = cookies.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** Send `body` and return `{status, body}`; status 0 means that no answer came. Never throws. */
export async function post(url, body, { fetch = globalThis.fetch, csrfToken = cookie(CSRF_COOKIE) } = {}) {
  try {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    return { status: response.status, body: await jsonOf(response) };
  } catch {
    return { status: 0, body: {} };
  }
}

async function jsonOf(response) {
  try {
    return (await response.json()) ?? {};
  } catch {
    return {};
  }
}
