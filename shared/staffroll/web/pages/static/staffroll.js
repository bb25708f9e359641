// What pages do better with scripts. All of them work without.

// Search while typing: the same page is fetched, and one element of it replaced.
for (const form of document.querySelectorAll("form[data-live]")) {
  let timer, asked = 0;
  const show = async () => {
    const mine = ++asked;
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    const address = `${location.pathname}${query.size ? `?${query}` : ""}`;
    try {
      // A way by another page, such as for new tokens, is the browser's to go.
      const answer = await fetch(address, { redirect: "manual", headers: { Accept: "text/html" } });
      if (mine !== asked) return;
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const region = document.getElementById(form.dataset.live);
      region.replaceWith(document.adoptNode(page.getElementById(form.dataset.live)));
      for (const other of document.querySelectorAll("[data-follows]")) {
        other.href = page.getElementById(other.id).href;
      }
      history.replaceState(null, "", address);
    } catch {
      if (mine === asked) location.assign(address);
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 200); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); show(); });
  form.addEventListener("search", () => { clearTimeout(timer); show(); });
}

// Bars that are wider than a phone begin where one is.
for (const here of document.querySelectorAll("nav .is-here")) {
  const bar = here.parentElement;
  bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
}

// Windows. Without scripts the link's own address shows the window in its place.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens).showModal();
  }
  const closer = event.target.closest("dialog [data-closes]");
  const dialog = closer?.closest("dialog");
  // One that the server opened is no modal window: its link leads back.
  if (dialog?.matches(":modal")) {
    if (!closer.hash) event.preventDefault();
    dialog.close();
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Progress: as long as an element says so, it is fetched and replaced each second.
const again = async (element) => {
  if (!element?.hasAttribute("data-again")) return;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  try {
    // A way by another page, such as for new tokens, is the browser's to go.
    const answer = await fetch(location.href, { redirect: "manual", headers: { Accept: "text/html" } });
    if (answer.type === "opaqueredirect") return location.reload();
    if (!answer.ok) return again(element);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const newer = document.adoptNode(page.getElementById(element.id));
    // Who goes by keyboard stays where they are.
    const at = element.contains(document.activeElement) ? document.activeElement : null;
    const twin = at && [...newer.querySelectorAll(at.tagName)].find(
      (one) => one.textContent === at.textContent && one.href === at.href,
    );
    element.replaceWith(newer);
    twin?.focus({ preventScroll: true });
    // Said aloud only when it has changed, and by an element that stays.
    const said = document.getElementById(`${newer.id}-said`);
    if (said && said.textContent !== newer.dataset.says) said.textContent = newer.dataset.says;
    again(newer);
  } catch {
    again(element);
  }
};
document.querySelectorAll("[data-again]").forEach(again);

// A file may be dropped anywhere into the box around its field; one that is too large is told
// so before it is sent.
for (const box of document.querySelectorAll("[data-drop]")) {
  const input = box.querySelector("input[type=file]");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    box.addEventListener(kind, (event) => {
      event.preventDefault();
      box.classList.toggle("is-over", kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change"));
    });
  }
  input.addEventListener("change", () => {
    box.querySelector("[data-wrong]")?.remove();
    if (!(input.files[0]?.size > Number(input.dataset.maxBytes))) return;
    const wrong = document.createElement("div");
    wrong.className = "wrong";
    wrong.setAttribute("role", "alert");
    wrong.setAttribute("data-wrong", "");
    wrong.textContent = input.dataset.tooLarge;
    input.value = "";
    input.after(wrong);
  });
}

// A box that checks all boxes of a name in its form.
document.addEventListener("change", (event) => {
  const name = event.target.dataset.checks;
  for (const box of name ? event.target.form.querySelectorAll(`[name="${name}"]`) : []) {
    box.checked = event.target.checked;
  }
});

// A box that alone enables a button; without scripts the server asks for the box.
for (const box of document.querySelectorAll("[data-enables]")) {
  const button = document.getElementById(box.dataset.enables);
  const follow = () => { button.disabled = !box.checked; };
  box.addEventListener("change", follow);
  follow();
}

// Passwords can be looked at.
for (const input of document.querySelectorAll("input[type=password][data-reveal]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-outline-secondary";
  button.textContent = input.dataset.reveal;
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
  const group = document.createElement("div");
  group.className = "input-group";
  input.replaceWith(group);
  group.append(input, button);
}

// What was typed before signing in goes on by itself; a form is sent once.
document.querySelector("form[data-resend]")?.requestSubmit();
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Whoever hears the page is brought to what is wrong.
document.querySelector("[data-focus]")?.focus();
