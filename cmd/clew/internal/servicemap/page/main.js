// The choice of a node or an edge, and the actions of keys and of the pointer.
const svg = element("drawing"), search = element("search");
document.body.classList.add("live");
const shapes = {node: [], edge: []};
for (const shape of svg.querySelectorAll(".node")) shapes.node[shape.dataset.node] = shape;
for (const shape of svg.querySelectorAll(".edge")) shapes.edge[shape.dataset.edge] = shape;
const labels = edges.map(() => []);
for (const label of svg.querySelectorAll(".label, .plate")) labels[label.dataset.edge].push(label);
const view = new View(svg);
let chosen = null; // {kind, i}
let matches = [], match = -1, failing = edges.map((_, i) => i).filter((i) => edges[i].edge.errors > 0);
failing.sort((a, b) => edges[b].edge.errors - edges[a].edge.errors);

// light shows what belongs to a node or an edge, and dims everything else. Without an argument, it
// shows all.
function light(at) {
	for (const shape of svg.querySelectorAll(".near")) shape.classList.remove("near");
	svg.classList.toggle("lit", !!at);
	if (!at) return;
	const near = at.kind === "edge" ? [at.i] : [...nodes[at.i].calls, ...nodes[at.i].called];
	if (at.kind === "node") shapes.node[at.i].classList.add("near");
	for (const i of near) {
		shapes.edge[i]?.classList.add("near");
		for (const label of labels[i]) label.classList.add("near");
		shapes.node[edges[i].from]?.classList.add("near");
		shapes.node[edges[i].to]?.classList.add("near");
	}
}

// shapeOf returns the node or the edge of an event.
function shapeOf(event) {
	const shape = event.target.closest?.(".node, .edge");
	if (!shape) return null;
	const kind = shape.classList.contains("node") ? "node" : "edge";
	return {kind, i: Number(shape.dataset[kind])};
}

function showTip(at, event) {
	const [title, ...lines] = at.kind === "node" ? aboutNode(nodes[at.i]) : aboutEdge(edges[at.i]);
	const tip = element("tip");
	tip.replaceChildren(make("b", "", visible(clip(title))), ...lines.map((line) => make("div", "", visible(clip(line)))));
	tip.hidden = false;
	const box = tip.getBoundingClientRect();
	tip.style.left = Math.max(Math.min(event.clientX + 14, innerWidth - box.width - 8), 4) + "px";
	tip.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18) + "px";
}

// choose shows a node or an edge: beside the picture, in it, and in the table.
function choose(kind, i, focus) {
	unchoose();
	chosen = {kind, i};
	const shape = shapes[kind][i];
	shape?.classList.add("chosen");
	if (kind === "edge") rowOf[i]?.classList.add("chosen");
	light(chosen);
	if (kind === "node") showNode(i);
	else showEdge(i);
	if (shape && !document.body.classList.contains("rows")) {
		view.bring(shape);
		if (focus) focusOn(shape);
	} else if (focus) element("details").focus();
}

function unchoose() {
	for (const shape of document.querySelectorAll(".chosen")) shape.classList.remove("chosen");
	chosen = null;
	light(null);
}

function closePanel() {
	const shape = chosen && shapes[chosen.kind][chosen.i];
	element("details").hidden = true;
	unchoose();
	if (shape && !document.body.classList.contains("rows")) focusOn(shape);
}

// focusOn gives the focus to a shape. The tab key reaches no other shape.
function focusOn(shape) {
	for (const other of svg.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
	shape.setAttribute("tabindex", "0");
	shape.focus({preventScroll: true});
}

// The numbers from 0 to n - 1 stand in a circle. around returns the number that follows at, or, if
// back is true, the one before at. If at is -1, no number was chosen so far.
function around(at, back, n) {
	return back ? (Math.max(at, 0) + n - 1) % n : (at + 1) % n;
}

let broken = -1;

// chooseBreak shows the edge of a break, or the service if there is no such edge.
function chooseBreak(i) {
	const b = graph.breaks[i], row = document.querySelector('#breaks [data-break="' + i + '"]');
	const edge = edges.findIndex(({from, to}) => from !== undefined && to !== undefined && serviceOf(graph.nodes[from]) === b.from && serviceOf(graph.nodes[to]) === b.to);
	const node = graph.nodes.findIndex((node) => serviceOf(node) === b.to);
	broken = i;
	if (edge >= 0) choose("edge", edge);
	else if (node >= 0) choose("node", node);
	else unchoose();
	row?.classList.add("chosen");
	row?.querySelector("button").focus({preventScroll: true});
	row?.scrollIntoView({block: "nearest"});
}

function nextBreak(back) {
	if (graph.breaks.length > 0) chooseBreak(around(broken, back, graph.breaks.length));
}

function nextError(back) {
	if (failing.length === 0) return say("No call has failed");
	choose("edge", failing[around(chosen?.kind === "edge" ? failing.indexOf(chosen.i) : -1, back, failing.length)], true);
}

function find() {
	const wanted = search.value.trim().toLowerCase();
	match = -1;
	matches = wanted === "" ? [] : graph.nodes.map((_, i) => i).filter((i) => graph.nodes[i].name.toLowerCase().includes(wanted));
	shapes.node.forEach((shape, i) => shape.classList.toggle("hit", matches.includes(i)));
	rowOf.forEach((row, i) => { row.hidden = wanted !== "" && !matches.includes(edges[i].from) && !matches.includes(edges[i].to); });
	element("search-count").textContent = wanted === "" ? "" : matches.length === 0 ? "no match" : matches.length === 1 ? "1 match" : count(matches.length) + " matches";
}

function nextMatch(back) {
	if (matches.length === 0) return;
	match = around(match, back, matches.length);
	choose("node", matches[match]);
	element("search-count").textContent = count(match + 1) + " of " + count(matches.length);
}

function toggleRows() {
	const rows = document.body.classList.toggle("rows");
	element("show-rows").setAttribute("aria-pressed", rows);
	if (!rows) view.resized();
}

// step goes to the nearest node in a direction. A node that has an edge with the present one may
// be further to the side.
function step(dx, dy) {
	const middle = (shape) => { const box = shape.getBoundingClientRect(); return {x: box.left + box.width / 2, y: box.top + box.height / 2}; };
	const focused = svg.contains(document.activeElement) ? shapeOf({target: document.activeElement}) : null;
	const at = focused ?? chosen;
	if (!at) return choose("node", firstNode(), true);
	const from = middle(shapes[at.kind][at.i]);
	const linked = new Set(at.kind === "node" ? [...nodes[at.i].calls, ...nodes[at.i].called].flatMap((i) => [edges[i].from, edges[i].to]) : [edges[at.i].from, edges[at.i].to]);
	let best = null, least = Infinity;
	shapes.node.forEach((shape, i) => {
		const to = middle(shape), along = (to.x - from.x) * dx + (to.y - from.y) * dy, across = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
		const far = along + (linked.has(i) ? 1 : 2) * across;
		if (along > 4 && (linked.has(i) ? 4 : 2) * along > across && far < least && shape !== document.activeElement) [best, least] = [i, far];
	});
	if (best !== null) choose("node", best, true);
}

// firstNode returns the node where most requests come in.
function firstNode() {
	return graph.nodes.reduce((best, node, i) => node.roots > graph.nodes[best].roots ? i : best, 0);
}

const arrows = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]};

// The keys that work everywhere, except in a field.
const keys = {
	"/": () => { search.focus(); search.select(); },
	"?": () => element("help").showModal(),
	"n": () => nextMatch(false),
	"N": () => nextMatch(true),
	"e": () => nextError(false),
	"E": () => nextError(true),
	"b": () => nextBreak(false),
	"B": () => nextBreak(true),
	"r": toggleRows,
	"+": () => view.zoom(1.4),
	"=": () => view.zoom(1.4),
	"-": () => view.zoom(1 / 1.4),
	"0": () => view.all(),
	"Escape": closePanel,
};

document.addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "INPUT" || element("help").open) return;
	const arrow = arrows[event.key], inPicture = event.target === document.body || svg.contains(event.target);
	let act = keys[event.key];
	if (arrow && inPicture && graph.nodes.length > 0) act = event.shiftKey ? () => view.move(arrow[0] * 80, arrow[1] * 80) : () => step(...arrow);
	if ((event.key === "Enter" || event.key === " ") && svg.contains(event.target)) {
		const at = shapeOf(event);
		act = at && (() => { choose(at.kind, at.i); element("details").focus(); });
	}
	if (!act) return;
	event.preventDefault();
	act();
});

search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
	if (event.key !== "Enter" && event.key !== "Escape") return;
	event.preventDefault();
	event.stopPropagation();
	if (event.key === "Escape") {
		search.value = "";
		find();
		search.blur();
		return;
	}
	nextMatch(event.shiftKey);
});

movable(view);
svg.addEventListener("click", (event) => {
	const at = shapeOf(event);
	if (at) choose(at.kind, at.i);
	else if (chosen) closePanel();
});
svg.addEventListener("pointermove", (event) => {
	const at = shapeOf(event);
	if (!at || svg.classList.contains("moving")) {
		element("tip").hidden = true;
		light(chosen);
		return;
	}
	light(at);
	showTip(at, event);
});
svg.addEventListener("pointerleave", () => { element("tip").hidden = true; light(chosen); });
svg.addEventListener("focusin", (event) => { const at = shapeOf(event); if (at && at.kind === "node") light(at); });
for (const row of document.querySelectorAll("#breaks [data-break]")) row.querySelector("button").addEventListener("click", () => chooseBreak(Number(row.dataset.break)));
for (const [id, act] of Object.entries({
	"search-next": () => nextMatch(false), "search-previous": () => nextMatch(true), "next-error": () => nextError(false), "show-rows": toggleRows,
	"zoom-in": keys["+"], "zoom-out": keys["-"], "zoom-all": keys["0"], "help-open": keys["?"],
})) element(id).addEventListener("click", act);
addEventListener("resize", () => view.resized());
prepareRows();
view.all();
if (shapes.node.length > 0) shapes.node[firstNode()].setAttribute("tabindex", "0");
performance.mark("shown"); // a test measures the time until here
