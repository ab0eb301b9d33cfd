// The page of the plugin in atest: a question, its SQL, and how far that was checked. It keeps nothing, and no key.
(() => {
  "use strict";

  const STORE = "THE STORE"; // the plugin writes the name of its store here
  const WORDS = {
    en: {
      ask: "Ask", asking: "Asking…", copy: "Copy", copied: "Copied", confidence: "Confidence", explanation: "Explanation",
      warnings: "Worth knowing", missing: "Not checked", others: "Other readings", dialect: "Database",
      store: "as the store says", question: "Your question", hint: "List the emails of users in Berlin",
      schema: "Tables, where the store names no database", lost: "The answer could not be read.",
      assayed: "checked", estimate: "estimate", withheld: "withheld", stale: "stale", failed: "not checked",
    },
    zh: {
      ask: "提问", asking: "处理中…", copy: "复制", copied: "已复制", confidence: "置信度", explanation: "解释",
      warnings: "注意", missing: "未检查", others: "其他理解", dialect: "数据库", store: "按存储设置",
      question: "您的问题", hint: "列出柏林用户的邮箱", schema: "表结构（存储未指定数据库时）", lost: "无法读取答复。",
      assayed: "已检查", estimate: "估计", withheld: "未给出", stale: "已过期", failed: "未能检查",
    },
  };

  let root = null;
  let locale = "en";
  let asked = 0;

  function word(name) {
    return WORDS[locale][name];
  }

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  /** The host runs this text through a template engine: a brace after a brace would be code there. */
  function harmless(json) {
    return json.replace(/\{(?=\{)/g, "\\u007b");
  }

  async function query(key, body) {
    const headers = { "Content-Type": "application/json", "X-Store-Name": STORE };
    const session = sessionStorage.getItem("token"); // the host's own sign-in
    if (session) headers["X-Auth"] = session;
    const sent = JSON.stringify({ type: "ai", key, sql: harmless(JSON.stringify(body)) });
    const response = await fetch("/api/v1/data/query", { method: "POST", headers, body: sent });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.message || `${response.status} ${response.statusText}`);
    return Object.fromEntries((answer.data || []).map((pair) => [pair.key, pair.value]));
  }

  function read(text) {
    try {
      return JSON.parse(text || "{}");
    } catch {
      return {};
    }
  }

  function list(title, items) {
    if (!items || !items.length) return "";
    return make("section", {}, make("h4", {}, title), make("ul", {}, ...items.map((item) => make("li", {}, item))));
  }

  function verdict(name, confidence) {
    const share = typeof confidence === "number" ? ` · ${word("confidence")} ${Math.round(confidence * 100)}%` : "";
    return make("p", { class: `assay-ai-verdict assay-ai-${name}` }, `${word(name) || name}${share}`);
  }

  async function copy(event, text) {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(text);
    button.textContent = word("copied");
    setTimeout(() => { button.textContent = word("copy"); }, 1500);
  }

  function shown(said) {
    const meta = read(said.meta);
    if (said.success !== "true") {
      const error = make("p", { class: "assay-ai-error" }, said.error || word("lost"));
      return [verdict("withheld", meta.details && meta.details.confidence), error, list(word("others"), meta.suggestions)];
    }
    return [
      verdict(meta.verdict, meta.confidence),
      make("pre", {}, make("code", {}, said.content)),
      make("button", { type: "button", onclick: (event) => copy(event, said.content) }, word("copy")),
      list(word("explanation"), meta.explanation ? meta.explanation.split("; ") : []),
      list(word("warnings"), meta.warnings),
      list(word("missing"), meta.missing),
      list(word("others"), meta.suggestions),
      make("p", { class: "assay-ai-source" }, [meta.model, meta.dialect, ...(meta.evidence || [])].join(" · ")),
    ];
  }

  async function ask(event) {
    event.preventDefault();
    const form = root.querySelector("form");
    const out = root.querySelector("output");
    const prompt = form.elements.question.value.trim();
    if (!prompt) return;
    const turn = ++asked;
    const button = form.querySelector("button");
    button.disabled = true;
    out.replaceChildren(word("asking"));
    let parts;
    try {
      const body = { prompt, schema: form.elements.schema.value, config: { database_type: form.elements.dialect.value } };
      parts = shown(await query("generate", body));
    } catch (error) {
      parts = [make("p", { class: "assay-ai-error" }, error.message)];
    }
    if (turn !== asked) return; // another question, another language, or the page is gone
    button.disabled = false;
    out.replaceChildren(...parts);
  }

  function draw(before = {}) {
    const choice = (value, text) => make("option", { value }, text);
    const dialect = make("select", { name: "dialect" }, choice("", word("store")),
      choice("postgresql", "PostgreSQL"), choice("mysql", "MySQL, MariaDB"), choice("sqlite", "SQLite"));
    const question = make("textarea", { name: "question", rows: "3", maxlength: "2000", placeholder: word("hint") });
    const schema = make("textarea", { name: "schema", rows: "5", spellcheck: "false",
      placeholder: "CREATE TABLE users (id integer, email text)" });
    question.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(event);
    });
    const form = make("form", { onsubmit: ask },
      make("label", {}, word("question"), question),
      make("label", {}, word("dialect"), dialect),
      make("details", {}, make("summary", {}, word("schema")), schema),
      make("button", { type: "submit" }, word("ask")));
    for (const [name, value] of Object.entries(before)) form.elements[name].value = value;
    root.replaceChildren(form, make("output", { "aria-live": "polite" }));
  }

  function setLocale(name) {
    locale = String(name || "").toLowerCase().startsWith("zh") ? "zh" : "en";
    if (!root) return;
    const { question, dialect, schema } = root.querySelector("form").elements;
    asked += 1;
    draw({ question: question.value, dialect: dialect.value, schema: schema.value });
  }

  function mount(element, context) {
    unmount();
    root = make("div", { class: "assay-ai" });
    element.append(root);
    const given = context && context.i18n && context.i18n.locale;
    locale = "en";
    draw();
    setLocale((given && given.value) || given || document.documentElement.lang || navigator.language);
  }

  function unmount() {
    asked += 1;
    if (root) root.remove();
    root = null;
  }

  globalThis.ATestPlugin = { mount, unmount, setLocale };
})();
