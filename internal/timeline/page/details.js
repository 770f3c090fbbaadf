// The details of a row are all known facts about its span or line. The page shows them below the
// rows.

function showDetails(model, node, zoom, close) {
	const box = element("details");
	const title = node.span ? node.span.service + " " + (node.span.operation || node.span.id) : node.line.service + " line";
	const head = make("div", "title", make("h2", "", visible(clip(title))), make("span", "push"));
	if (node.span && node.took !== null) head.append(button("Zoom to it", zoom));
	head.append(button("Close", close));
	const facts = make("dl", "");
	for (const [name, value] of node.span ? spanFacts(model, node) : lineFacts(node.line)) {
		if (value) facts.append(make("dt", "", visible(name)), make("dd", "", visibleLines(String(value))));
	}
	box.replaceChildren(head, facts);
	const line = node.line ?? node.report;
	if (line) box.append(...wholeLine(line));
	box.hidden = false;
	box.scrollTop = 0;
}

const markMeaning = {
	"guessed": "guessed: no line names the parent; the parent is the only span that encloses this one in time",
	"made": "made: no line reports the span; other lines name its ID",
	"not reported": "not reported: no line has this span's ID; spans below name it as their parent",
};

function spanFacts(model, node) {
	const span = node.span;
	return [
		["began", span.start && when(span.start) + " (" + after(node.at) + ")"],
		["took", node.took !== null && duration(node.took) + (span.critical_ms > 0 ? ", of which " + duration(span.critical_ms) + " made the trace longer" : "")],
		["kind", span.kind],
		["status", span.status],
		["attempt", span.attempt],
		["error", span.error],
		["span", span.id + (span.parent_id ? ", parent " + span.parent_id : "")],
		["clock", span.skew_ms !== 0 && duration(Math.abs(span.skew_ms)) + (span.skew_ms < 0 ? " behind" : " ahead") + ": corrected here"],
		["trust", marksOf(node).map((mark) => markMeaning[mark]).join("; ")],
	];
}

function lineFacts(line) {
	const moved = line.at && line.time && line.at !== line.time;
	return [
		["time", line.time && when(line.time) + (moved ? ", corrected: " + when(line.at) : "")],
		["level", line.level],
		["service", line.service],
		["span", line.span && line.span + (line.guess ? ", by the time alone" : "")],
	];
}

// wholeLine returns elements with the message of a line, its whole text, its source and its
// number.
function wholeLine(line) {
	const parts = [];
	if (line.message && line.message !== line.text) parts.push(make("pre", "", visibleLines(line.message.trimEnd())));
	parts.push(make("pre", "", visibleLines(line.text)), make("p", "dim", visible(line.source) + ":" + line.number));
	return parts;
}
