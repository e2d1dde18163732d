// Talking to the service: one place for the token and for what went wrong.

const token = document.getElementById("token");
token.value = sessionStorage.getItem("mismatch-token") || "";
token.addEventListener("change", () => sessionStorage.setItem("mismatch-token", token.value.trim()));

export async function ask(path, type, body, signal) {
  const headers = { "content-type": type };
  if (token.value.trim()) headers.authorization = `Bearer ${token.value.trim()}`;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service cannot be reached. Is it still running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    document.getElementById("token-box").open = true;
    token.focus();
  }
  let said = {};
  try {
    said = await answer.json();
  } catch { /* not ours: a proxy's page */ }
  const { detail } = said;
  const error = new Error(detail ? `${detail} (${answer.status})` : `The service answered with status ${answer.status}.`);
  error.status = answer.status;
  error.columns = said.columns;
  throw error;
}

export async function fetched(path) {
  const answer = await fetch(path, token.value.trim() ? { headers: { authorization: `Bearer ${token.value.trim()}` } } : {});
  if (!answer.ok) throw new Error(`The service answered with status ${answer.status}.`);
  return answer.blob();
}

export async function read(path) {
  const answer = await fetch(path);
  return answer.ok ? answer.json() : null;
}
