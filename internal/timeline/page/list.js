// The list of traces is a table that can be sorted.
const listStep = 1000; // the number of rows that a click on "Show more" adds

const listColumns = [
	{name: "Began (UTC)", of: (t) => t.start ?? "", text: (t) => t.start ? t.start.slice(0, 23).replace("T", " ").replace("Z", "") : "(no time)"},
	{name: "Took", of: (t) => t.duration_ms, text: (t) => duration(t.duration_ms), number: true},
	{name: "Spans", of: (t) => t.spans, text: (t) => t.spans.toLocaleString("en-US"), number: true},
	{name: "Lines", of: (t) => t.lines, text: (t) => t.lines.toLocaleString("en-US"), number: true},
	{name: "Errors", of: (t) => t.errors, text: (t) => t.errors.toLocaleString("en-US"), number: true, red: (t) => t.errors > 0},
	{name: "Root", of: (t) => t.service + " " + t.operation, text: (t) => visible(clip((t.service || "?") + " " + (t.kind ? t.operation : "(no request, call or job)") + (t.status ? " " + t.status : ""))), red: (t) => t.status >= 500},
	{name: "Other services", of: (t) => t.services.length, text: (t) => visible(clip(t.services.filter((name) => name !== t.service).join(", ")))},
	{name: "Trace", of: (t) => t.trace},
];

class ListPage {
	constructor(list, entries) {
		this.list = list;
		this.entries = entries; // the traces that this page can open
		this.traces = list.traces.slice();
		this.column = 0;
		this.down = true;
		this.shown = listStep;
		element("list-more").addEventListener("click", () => { this.shown += listStep; this.draw(); });
	}

	open() {
		document.title = "Traces · clew timeline";
		element("list-facts").replaceChildren(...this.facts().map((text) => make("span", "", text)));
		this.draw();
	}

	facts() {
		const {traces, left} = this.list, facts = [counted(traces.length, "trace")];
		const apart = traces.filter((t) => !this.entries.has(t.trace)).length;
		if (left.limited > 0) facts.push("the newest of " + (traces.length + left.limited).toLocaleString("en-US") + ": --limit shows more");
		if (apart > 0) facts.push("the lines of " + counted(apart, "trace") + " are not in this page");
		if (left.traces > 0) facts.push("left out: " + counted(left.traces, "older trace") + " with " + counted(left.lines, "line"));
		if (left.no_id > 0) facts.push(counted(left.no_id, "line") + " without a trace ID");
		return facts;
	}

	draw() {
		element("list-head").replaceChildren(...listColumns.map((column, i) => this.head(column, i)));
		element("list-body").replaceChildren(...this.traces.slice(0, this.shown).map((t) => this.row(t)));
		const more = element("list-more"), left = this.traces.length - this.shown;
		more.hidden = left <= 0;
		more.textContent = "Show more of " + counted(Math.max(left, 0), "trace");
	}

	head(column, i) {
		const arrow = i === this.column ? (this.down ? " ↓" : " ↑") : "";
		const head = make("th", column.number ? "number" : "", button(column.name + arrow, () => this.sort(i)));
		head.scope = "col";
		if (arrow) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
		return head;
	}

	// sort sorts by a column. If the list is already sorted by that column, it reverses the order.
	sort(i) {
		this.down = i === this.column ? !this.down : true;
		this.column = i;
		const of = listColumns[i].of, sign = this.down ? -1 : 1;
		this.traces.sort((a, b) => of(a) < of(b) ? -sign : of(a) > of(b) ? sign : 0);
		this.draw();
		element("list-head").children[i].firstChild.focus();
	}

	row(trace) {
		const row = make("tr", "");
		for (const column of listColumns) {
			if (column.text) row.append(make("td", (column.number ? "number" : "") + (column.red?.(trace) ? " red" : ""), column.text(trace)));
		}
		row.append(make("td", "mono", this.opener(trace)));
		row.addEventListener("click", (event) => { if (!event.target.closest("a, button")) row.lastChild.firstChild.click(); });
		return row;
	}

	// opener returns a link that opens a trace, or a button that shows the command for it.
	opener(trace) {
		if (!this.entries.has(trace.trace)) return button(trace.trace, () => this.elsewhere(trace.trace));
		const link = make("a", "", trace.trace);
		link.href = "#" + trace.trace;
		return link;
	}

	elsewhere(id) {
		const box = element("elsewhere"), command = commandFor(id);
		box.replaceChildren("The lines of this trace are not in this page: ", make("code", "", command), " ", button("Copy", () => copy(command, "Command")));
		box.hidden = false;
	}
}
