// TracePage is the page of one trace.
class TracePage {
	constructor(entry) {
		this.entry = entry;
		this.model = modelOf(entry.tree);
		this.withLines = true;
		this.selected = -1;
		this.axis = new Axis(this.model, () => this.drawAxis());
		this.search = new Search(this.model.nodes, (index) => this.visit(index));
		this.grid = element("grid");
		this.rows = new Rows(this.grid, (i) => this.row(i));
	}

	// open shows the trace.
	open() {
		showHead(this.entry, this.model, (id) => this.visit(this.model.byID.get(id).index));
		element("next-error").disabled = !this.model.nodes.some((node) => node.bad);
		this.search.find("");
		element("search").value = "";
		this.closeDetails();
		this.fold();
		this.axis.all();
		this.grid.scrollTop = 0;
		this.select(this.shown[0] ?? -1);
		this.grid.focus({preventScroll: true});
	}

	// fold finds the rows to show. It is called after a node was folded or unfolded.
	fold() {
		this.shown = shown(this.model.nodes, this.withLines);
		this.rows.set(this.shown.length);
		this.rows.draw();
	}

	row(i) {
		const node = this.model.nodes[this.shown[i]];
		const row = rowOf(node, this.axis, this.search.pattern);
		const chosen = node.index === this.selected;
		row.setAttribute("aria-rowindex", i + 2);
		row.setAttribute("aria-selected", chosen);
		if (chosen) row.classList.add("chosen");
		if (this.opens(node)) row.setAttribute("aria-expanded", !node.folded);
		return row;
	}

	// opens reports whether there are rows below a node.
	opens(node) {
		return !!node.span && (node.spansBelow || this.withLines && node.end > node.index + 1);
	}

	drawAxis() {
		this.axis.draw(document.querySelector("#columns .time"), element("guides"));
		element("zoom-all").textContent = Math.round(this.axis.percent()).toLocaleString("en-US") + " %";
		this.rows.draw();
	}

	// place returns the number of the row of a node.
	place(index) {
		let low = 0, high = this.shown.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.shown[middle] < index) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	select(index, middle) {
		if (index < 0) return;
		this.selected = index;
		this.rows.reveal(this.place(index), middle);
		this.grid.setAttribute("aria-activedescendant", "row" + index);
		if (!element("details").hidden) this.details();
	}

	// visit selects a node and shows it. It unfolds the nodes above it, and shows lines if they
	// are hidden.
	visit(index) {
		const node = this.model.nodes[index];
		for (let up = node.parent; up >= 0; up = this.model.nodes[up].parent) this.model.nodes[up].folded = false;
		this.withLines ||= !!node.line;
		element("lines").setAttribute("aria-pressed", this.withLines);
		this.fold();
		this.select(index, true);
	}

	details() {
		const node = this.model.nodes[this.selected];
		if (node) showDetails(this.model, node, () => this.zoomTo(node), () => this.closeDetails());
		this.rows.reveal(this.place(this.selected));
	}

	closeDetails() {
		element("details").hidden = true;
		this.grid.focus({preventScroll: true});
	}

	move(by) {
		const to = Math.min(Math.max(this.place(this.selected) + by, 0), this.shown.length - 1);
		this.select(this.shown[to] ?? -1);
	}

	// toggle folds or unfolds a node.
	toggle(index) {
		const node = this.model.nodes[index];
		if (!this.opens(node)) return;
		node.folded = !node.folded;
		this.fold();
	}

	right() {
		const node = this.model.nodes[this.selected];
		if (!this.opens(node)) return;
		if (node.folded) this.toggle(node.index);
		else this.move(1);
	}

	left() {
		const node = this.model.nodes[this.selected];
		if (this.opens(node) && !node.folded) this.toggle(node.index);
		else if (node.parent >= 0) this.select(node.parent);
	}

	enter() {
		const node = this.model.nodes[this.selected];
		if (node.span) return this.toggle(node.index);
		this.details();
		element("details").focus();
	}

	foldAll() {
		const fold = !this.model.nodes.some((node) => node.folded);
		for (const node of this.model.nodes) if (node.span && node.depth > 1) node.folded = fold && node.end > node.index + 1;
		let stay = this.selected;
		for (let up = stay; up >= 0; up = this.model.nodes[up].parent) if (this.model.nodes[up].folded) stay = up;
		this.fold();
		this.select(stay);
	}

	toggleLines() {
		this.withLines = !this.withLines;
		element("lines").setAttribute("aria-pressed", this.withLines);
		const node = this.model.nodes[this.selected];
		this.fold();
		if (node?.line && !this.withLines) this.select(node.parent >= 0 ? node.parent : this.shown[0] ?? -1);
		else this.select(this.selected);
	}

	zoomTo(node) {
		const margin = Math.max(node.took * 0.05, 0.0005);
		this.axis.show(node.at - margin, node.at + node.took + margin);
	}

	zoomToSelected() {
		const node = this.model.nodes[this.selected];
		if (node?.span && node.took !== null) this.zoomTo(node);
	}

	// nextError moves to the next failed node. If back is true, it moves to the previous one.
	// After the last one, it continues with the first.
	nextError(back) {
		const nodes = this.model.nodes, n = nodes.length;
		for (let step = 1; step <= n; step++) {
			const index = (this.selected + (back ? -step : step) + 2 * n) % n;
			if (nodes[index].bad) return this.visit(index);
		}
	}

	// wheel zooms with Ctrl or Alt, and moves with Shift.
	wheel(event) {
		const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
		if (!event.ctrlKey && !event.altKey && !sideways) return;
		event.preventDefault();
		if (sideways && !event.ctrlKey && !event.altKey) return this.axis.move((event.deltaX || event.deltaY) / 1000);
		const box = document.querySelector("#columns .time").getBoundingClientRect();
		const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
		this.axis.zoom(Math.exp(event.deltaY / 300), this.axis.from + share * (this.axis.until - this.axis.from));
	}

	click(event) {
		const row = event.target.closest(".row");
		if (!row) return;
		const index = Number(row.id.slice(3));
		this.selected = index;
		if (event.target.classList.contains("twist")) this.toggle(index);
		else this.details();
		this.select(index);
	}

	key(event) {
		const act = this.keys(event.key, event.shiftKey);
		if (act) {
			event.preventDefault();
			act();
		}
	}

	// keys returns the action of a key while the rows have the focus.
	keys(key, shift) {
		const screen = Math.max(Math.floor(this.rows.height / rowHeight) - 1, 1);
		return {
			ArrowDown: () => this.move(1),
			ArrowUp: () => this.move(-1),
			PageDown: () => this.move(screen),
			PageUp: () => this.move(-screen),
			Home: () => this.move(-Infinity),
			End: () => this.move(Infinity),
			ArrowRight: () => shift ? this.axis.move(0.2) : this.right(),
			ArrowLeft: () => shift ? this.axis.move(-0.2) : this.left(),
			Enter: () => this.enter(),
			" ": () => this.details(),
		}[key];
	}
}

// showHead shows the summary above the rows.
function showHead(entry, model, visit) {
	const tree = entry.tree, root = model.nodes.find((node) => node.span && !node.span.made)?.span;
	const name = root ? visible(clip(root.service + " " + root.operation)) : "Trace";
	document.title = name + " · " + tree.trace;
	element("trace-title").textContent = name;
	const errors = tree.services.reduce((sum, service) => sum + service.errors, 0);
	const serving = tree.services.filter((service) => service.name !== "").length;
	element("trace-facts").replaceChildren(
		make("code", "", tree.trace), make("span", "", when(tree.start)),
		make("span", "", "took ", make("b", "", duration(tree.duration_ms))),
		make("span", "", counted(tree.spans.length + entry.left.spans, "span") + " of " + counted(serving, "service")),
		make("span", "", counted(tree.lines.length + entry.left.lines, "line")),
		errors > 0 ? make("b", "red", counted(errors, "error")) : make("span", "", "no error"),
		...notes(entry).map((text) => make("span", "", text)));
	element("summary").replaceChildren(...entry.shares.map(shareRow), ...entry.causes.map((cause, i) => causeRow(cause, i, model, visit)));
	element("services").replaceChildren(...tree.services.slice(0, 24).map((service, i) => serviceFact(service, i)));
	const link = element("zipkin");
	link.hidden = !/^https?:\/\//.test(entry.zipkin ?? "");
	if (link.hidden) link.removeAttribute("href");
	else link.href = entry.zipkin;
}

// notes returns texts about what the page lacks, what it has corrected, and which traces are
// linked.
function notes(entry) {
	const {tree, left} = entry, said = [];
	if (left.spans > 0) said.push("not in this page: " + counted(left.spans, "span"));
	if (left.lines > 0) said.push("not in this page: " + counted(left.lines, "later line"));
	if (left.spans + left.lines > 0) said.push("everything: " + commandFor(tree.trace));
	if (tree.doubles > 0) said.push(counted(tree.doubles, "line") + " stood in several sources, and are shown once");
	if (tree.circles > 0) said.push(counted(tree.circles, "circle") + " of spans that are each other’s parents");
	for (const link of tree.links.slice(0, 20)) {
		const why = link.why === "scheduled by" ? "scheduled by: " : "the caller’s own trace, not trusted: ";
		said.push(why + commandFor(visible(clip(link.trace))));
	}
	return said;
}

const kindSigns = {client: "→ ", job: "job "};

function shareRow(share, i) {
	const what = (share.service || "?") + " " + (kindSigns[share.kind] ?? "") + share.operation;
	const more = (share.answered ? " (network and waiting)" : "") + (share.spans > 1 ? " × " + share.spans.toLocaleString("en-US") : "");
	return make("div", "", make("span", "dim", i === 0 ? "Time went to" : ""), make("span", "number", make("b", "", share.percent + " %")),
		make("span", "number dim", duration(share.took_ms)), make("span", "", visible(clip(what)), make("span", "dim", more)));
}

function causeRow(cause, i, model, visit) {
	const node = model.byID.get(cause.span), label = make("span", "red", i === 0 ? "Failed" : "");
	if (!node) return make("div", "");
	const span = node.span, what = span.service + " " + (kindSigns[span.kind] ?? "") + span.operation + " " + (span.status ?? "") + " " + (span.error ?? "");
	return make("div", "", label, make("span", "number", cause.times > 1 ? cause.times.toLocaleString("en-US") + " ×" : ""),
		make("span", "number dim", after(node.at)), make("span", "", button(visible(clip(what.trim())), () => visit(cause.span))));
}

function serviceFact(service, i) {
	const fact = make("span", "", make("i", "s" + i % 8, "● "), make("b", "", visible(clip(service.name || "(no service)"))),
		" " + (service.spans > 0 ? counted(service.spans, "span") + ", " : "") + counted(service.lines, "line"));
	if (service.errors > 0) fact.append(make("span", "red", ", " + counted(service.errors, "error")));
	if (service.skew_ms !== 0) {
		fact.append(make("span", "amber", ", its clock is " + duration(Math.abs(service.skew_ms)) + (service.skew_ms < 0 ? " behind" : " ahead") + ": corrected here"));
	}
	return fact;
}
