// Rows keeps only those rows in the page that are in view. All rows have the same height. The
// browser scrolls an empty space that is as high as all rows together. Browsers limit the height
// of an element, so one pixel of a very high space stands for several pixels of rows.
const rowHeight = 22, headHeight = 24, mostHeight = 8_000_000;
const deepest = 24; // a row below this depth shows its depth as a number

class Rows {
	constructor(grid, fill) {
		this.grid = grid;
		this.fill = fill; // returns the row with an index
		this.count = 0;
		this.first = 0; // the row at the top, with its fraction
		this.frame = 0;
		grid.addEventListener("scroll", () => this.later(), {passive: true});
		new ResizeObserver(() => this.later()).observe(grid);
	}

	later() {
		this.frame ||= requestAnimationFrame(() => { this.frame = 0; if (page?.rows === this) this.draw(); });
	}

	get height() { return Math.max(this.grid.clientHeight - headHeight, rowHeight); }

	set(count) {
		this.count = count;
		element("space").style.height = Math.min(count * rowHeight, mostHeight) + "px";
		this.grid.setAttribute("aria-rowcount", count + 1);
	}

	// ratio returns the number of rows that one pixel of the space stands for.
	get ratio() {
		const room = Math.min(this.count * rowHeight, mostHeight) - this.height;
		return room > 0 ? (this.count - this.height / rowHeight) / room : 0;
	}

	draw() {
		const first = this.grid.scrollTop * this.ratio;
		const top = Math.floor(first), rows = [];
		const end = Math.min(this.count, Math.ceil(first + this.height / rowHeight) + 1);
		for (let i = top; i < end; i++) {
			const row = this.fill(i);
			row.style.top = Math.round((i - first) * rowHeight) + "px";
			rows.push(row);
		}
		const guides = element("guides");
		guides.style.height = Math.min(this.height, (this.count - first) * rowHeight) + "px";
		element("view").replaceChildren(guides, ...rows);
	}

	// reveal scrolls a row into view.
	reveal(i, middle) {
		const first = this.grid.scrollTop * this.ratio, fits = this.height / rowHeight;
		let to = first;
		if (middle && (i < first || i + 1 > first + fits)) to = i - fits / 2;
		else if (i < first) to = i;
		else if (i + 1 > first + fits) to = i + 1 - fits;
		if (to !== first && this.ratio > 0) this.grid.scrollTop = Math.ceil(Math.max(to, 0) / this.ratio);
		this.draw();
	}
}

// marked returns the parts of a text. Each match of the pattern becomes a mark element.
function marked(text, pattern) {
	if (!pattern) return [text];
	const parts = [];
	let from = 0;
	for (const match of text.matchAll(pattern)) {
		parts.push(text.slice(from, match.index), make("mark", "", match[0]));
		from = match.index + match[0].length;
	}
	parts.push(text.slice(from));
	return parts;
}

// rowOf makes the row of a node.
function rowOf(node, axis, pattern) {
	const row = make("div", "row " + (node.span ? "span" : "line"));
	row.id = "row" + node.index;
	row.setAttribute("role", "row");
	row.setAttribute("aria-level", node.depth);
	const what = cell("what", ...indent(node), ...(node.span ? spanText(node, pattern) : lineText(node, pattern)));
	const took = cell("took", node.took === undefined || node.took === null ? "" : duration(node.took));
	row.append(cell("at", after(node.at)), what, took, cell("time", ...drawing(node, axis)));
	return row;
}

function cell(className, ...content) {
	const made = make("span", className, ...content);
	made.setAttribute("role", "gridcell");
	return made;
}

function indent(node) {
	const depth = node.depth - 1, steps = [];
	for (let i = 0; i < Math.min(depth, deepest); i++) steps.push(make("span", "indent"));
	if (depth > deepest) steps.push(make("span", "dim", "[" + depth + "] "));
	return steps;
}

// spanText returns the text of a span's row.
function spanText(node, pattern) {
	const span = node.span, twist = make("span", "twist");
	if (node.end > node.index + 1) twist.textContent = node.folded ? "▶" : "▼";
	const parts = [twist];
	if (!node.same) parts.push(make("span", "service s" + node.colour, ...marked(visible(clip(span.service || "?")), pattern)), " ");
	if (span.kind === "client") parts.push(make("span", "dim", "→ "));
	if (span.kind === "job") parts.push(make("span", "dim", "job "));
	const colour = span.failed ? "red" : span.status >= 400 ? "amber" : "";
	parts.push(make("span", "", ...marked(visible(clip(span.operation || "span " + span.id)), pattern)));
	if (span.status) parts.push(make("span", colour || "dim", " " + span.status));
	if (span.attempt > 1) parts.push(make("span", "amber", " attempt " + span.attempt));
	if (span.error) parts.push(make("span", colour || "amber", " ", ...marked(visible(clip(span.error)), pattern)));
	for (const mark of marksOf(node)) parts.push(" ", make("span", "mark", mark));
	if (node.folded) parts.push(make("span", node.badBelow ? "red" : "dim", "  +" + (node.end - node.index - 1).toLocaleString("en-US")));
	return parts;
}

const levelMarks = new Map(Object.entries({trace: "TRC", debug: "DBG", info: "INF", warn: "WRN", error: "ERR", fatal: "FTL", panic: "PNC"})); // a Map, because a level may be "constructor"

// lineText returns the text of a line's row.
function lineText(node, pattern) {
	const line = node.line, colour = node.bad ? "red" : line.level.startsWith("warn") ? "amber" : "dim";
	const parts = [make("span", "twist"), make("span", "level " + colour, levelMarks.get(line.level) ?? visible(clip(line.level).slice(0, 8).toUpperCase())), " "];
	if (node.elsewhere) parts.push(make("span", "s" + node.colour, visible(clip(line.service)) + (line.guess ? "?" : "")), " ");
	const [first, ...rest] = (line.message || line.text).trimEnd().split("\n");
	parts.push(make("span", node.bad ? "red" : "", ...marked(visible(clip(first.replace(/\r$/, ""))), pattern)));
	if (rest.length > 0) parts.push(" ", make("span", "mark", "+" + counted(rest.length, "line")));
	return parts;
}

// drawing draws a node on the axis: the bar of a span, the tick of a line.
function drawing(node, axis) {
	if (node.at === null) return [];
	const from = axis.place(node.at), until = axis.place(node.at + (node.took ?? 0));
	const mark = make("i", (node.span ? "bar" : "tick") + (node.bad ? " red" : " s" + node.colour));
	if (node.span?.made) mark.classList.add("made");
	if (until < 0 || from > 100) mark.classList.add("off");
	const left = Math.min(Math.max(from, 0), 99.6);
	mark.style.left = left + "%";
	if (node.span) mark.style.width = Math.min(Math.max(until, 0), 100) - left + "%";
	return [mark];
}
