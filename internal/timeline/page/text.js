// Each text from a line goes through visible, and then into a text node. Never use innerHTML,
// which the policy of the page forbids, too.

const unseen = /[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/gu;
const short = {"\x07": "\\a", "\b": "\\b", "\t": "    ", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"};

// visible returns text with escapes for all characters that are invisible or change the direction
// of text, as the terminal's view does.
function visible(text) {
	return text.replace(unseen, (c) => short[c] ?? escaped(c.codePointAt(0)));
}

function escaped(code) {
	const hex = code.toString(16);
	if (code < 0x80) return "\\x" + hex.padStart(2, "0");
	return code < 0x10000 ? "\\u" + hex.padStart(4, "0") : "\\U" + hex.padStart(8, "0");
}

// visibleLines escapes a text of several lines as visible does, but keeps the newlines.
function visibleLines(text) {
	return text.split("\n").map((line) => visible(line.replace(/\r$/, ""))).join("\n");
}

// clip shortens the text of a row.
function clip(text) {
	return text.length > 600 ? text.slice(0, 600) + "…" : text;
}

// duration returns milliseconds as a text for people.
function duration(ms) {
	if (ms < 0) return "-" + duration(-ms);
	if (ms === 0) return "0";
	if (ms < 0.001) return Math.round(ms * 1e6) + " ns";
	if (ms < 0.9995) return Math.round(ms * 1e3) + " µs";
	if (ms < 999.5) return threeDigits(ms) + " ms";
	if (ms < 59_500) return threeDigits(ms / 1e3) + " s";
	const seconds = Math.round(ms / 1e3);
	if (seconds < 3600) return pair(seconds, 60, " m ", " s");
	const minutes = Math.floor(seconds / 60);
	return minutes < 1440 ? pair(minutes, 60, " h ", " m") : Math.floor(minutes / 1440) + " d";
}

// The terminal's view rounds halves to the even digit, and so does the page.
const withDigits = [0, 1, 2].map((n) => new Intl.NumberFormat("en-US", {minimumFractionDigits: n, maximumFractionDigits: n, useGrouping: false, roundingMode: "halfEven"}));

function threeDigits(n) {
	return withDigits[n < 9.995 ? 2 : n < 99.95 ? 1 : 0].format(n);
}

function pair(n, size, big, small) {
	return Math.floor(n / size) + big + String(n % size).padStart(2, "0") + small;
}

function after(ms) {
	return ms === null ? "" : ms < 0 ? duration(ms) : "+" + duration(ms);
}

function counted(n, noun) {
	return n.toLocaleString("en-US") + " " + noun + (n === 1 ? "" : "s");
}

// when returns a time for people. The data contains times in RFC 3339 and UTC.
function when(time) {
	return time ? time.replace("T", " ").replace("Z", " UTC") : "(no time)";
}

function element(id) {
	return document.getElementById(id);
}

// make makes an element that contains texts and other elements.
function make(tag, className, ...content) {
	const made = document.createElement(tag);
	if (className) made.className = className;
	made.append(...content);
	return made;
}

function button(text, act) {
	const made = make("button", "", text);
	made.type = "button";
	made.addEventListener("click", act);
	return made;
}

// say shows the user for a moment what was done.
function say(text) {
	element("said").textContent = text;
	clearTimeout(say.timer);
	say.timer = setTimeout(() => { element("said").textContent = ""; }, 2500);
}

// copy puts text on the clipboard.
async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = make("textarea", "", text);
		document.body.append(area);
		area.select();
		const done = document.execCommand("copy");
		area.remove();
		if (!done) return say("The browser does not let this page copy");
	}
	say(what + " copied");
}

// harmless returns the JSON of a value, with all invisible characters escaped.
function harmless(value) {
	const text = JSON.stringify(value, null, 1);
	return text.replace(unseen, (c) => c === "\n" ? c : [...Array(c.length).keys()].map((i) => "\\u" + c.charCodeAt(i).toString(16).padStart(4, "0")).join(""));
}

// commandFor returns the command line that shows a trace.
function commandFor(id) {
	return "clew timeline " + id + (data.after ? " " + data.after : "");
}
