// Talking to the service: one place for the token and for what went wrong.

const token = document.getElementById("token");
token.value = sessionStorage.getItem("mismatch-token") || "";
token.addEventListener("change", () => sessionStorage.setItem("mismatch-token", token.value.trim()));

export async function ask(path, type, body) {
  const headers = { "content-type": type };
  if (token.value.trim()) headers.authorization = `Bearer ${token.value.trim()}`;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body });
  } catch {
    throw new Error("The service cannot be reached. Is it still running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    document.getElementById("token-box").open = true;
    token.focus();
  }
  let detail = "";
  try {
    detail = (await answer.json()).detail;
  } catch { /* not ours: a proxy's page */ }
  const error = new Error(detail ? `${detail} (${answer.status})` : `The service answered with status ${answer.status}.`);
  error.status = answer.status;
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
