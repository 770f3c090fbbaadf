// The panel beside the picture has everything that is known of an edge or a node.

function showPanel(title, ...content) {
	const box = element("details");
	box.replaceChildren(make("div", "title", make("h2", "", visible(clip(title))), button("Close", closePanel)), ...content);
	box.hidden = false;
	element("side").scrollTop = 0;
}

function factsList(facts) {
	const list = make("dl", "facts-list");
	for (const [name, value] of facts) {
		if (value) list.append(make("dt", "", name), make("dd", "", value));
	}
	return list;
}

// quantile shows a measured quantile, and the bounds between which chance may move it.
function quantile(value) {
	const bounds = value.low < value.high ? " (" + duration(value.low) + " to " + duration(value.high) + ")" : "";
	return make("span", "", make("b", "", duration(value.is)), make("span", "dim", bounds));
}

function tookFacts(took) {
	if (took.count === 0) return [];
	return [["p50", quantile(took.p50)], ["p95", quantile(took.p95)], ["p99", quantile(took.p99)], ["slowest", duration(took.max.is)]];
}

// errorClass returns the CSS class for a share of errors. The thresholds are those of the picture.
function errorClass(errors, all) {
	return errors < all / 1000 || errors === 0 ? "" : errors < all / 100 ? "some" : "red";
}

function ofAll(part, whole) {
	return count(part) + (part > 0 ? " (" + percent(part, whole) + ")" : "");
}

function showEdge(i) {
	const {edge, from, to} = edges[i];
	const errors = make("span", errorClass(edge.errors, edge.calls), ofAll(edge.errors, edge.calls) + (edge.refused > 0 ? ", of these without a connection: " + count(edge.refused) : ""));
	const known = [edge.told < edge.calls && edge.told > 0 && "the caller’s lines have " + percent(edge.told, edge.calls) + " of them",
		edge.answered < edge.calls && edge.answered > 0 && "the callee’s lines have " + percent(edge.answered, edge.calls) + " of them", ...marksOf(edges[i])].filter(Boolean);
	const service = to !== undefined ? serviceOf(graph.nodes[to]) : edge.to, caller = from !== undefined ? serviceOf(graph.nodes[from]) : edge.from;
	const own = (span) => (span.node === service || span.node === edge.to) && (span.kind === "request" || graph.nodes[to]?.kind === "outside");
	showPanel(edge.from + " → " + edge.to,
		factsList([["calls", count(edge.calls)], ["errors", errors], ["retries", edge.retries > 0 && ofAll(edge.retries, edge.calls)],
			...tookFacts(edge.took), ["bytes", edge.bytes > 0 && size(edge.bytes)], ["seen", known.join("; ") || "by both sides, joined by IDs"]]),
		...breaksOf((b) => b.from === caller && b.to === service),
		...samples("Slowest", edge.slowest, own), ...samples("Failed", edge.failed, own),
		make("h3", "", "Ends"), linkList([from, to].filter((n) => n !== undefined).map((n) => [graph.nodes[n].name, () => choose("node", n, true), ""])));
	element("details").querySelector(".sample > button")?.click();
}

function showNode(i) {
	const {node, calls, called} = nodes[i], service = serviceOf(node);
	const errors = make("span", errorClass(node.errors, node.requests), ofAll(node.errors, node.requests));
	const link = (end) => (n) => [edges[n].edge[end], () => choose("edge", n, true), count(edges[n].edge.calls) + (edges[n].edge.errors > 0 ? " · ✕ " + percent(edges[n].edge.errors, edges[n].edge.calls) : "")];
	const busy = (list) => list.toSorted((a, b) => edges[b].edge.calls - edges[a].edge.calls);
	const facts = node.kind === "outside" ? [["seen", "It is called, and is none of the services in these lines, as far as clew knows: a third party, a database."]] : [
		["requests", node.requests > 0 && count(node.requests)], ["of these", node.roots > 0 && ofAll(node.roots, node.requests) + " name no caller"],
		["errors", node.requests > 0 && errors], ...tookFacts(node.took), ["jobs", node.jobs > 0 && count(node.jobs)],
		["bytes", node.bytes > 0 && size(node.bytes)], ["lines", node.lines > 0 && count(node.lines) + (node.no_id > 0 ? ", " + percent(node.no_id, node.lines) + " without a trace’s ID" : "")]];
	showPanel(node.name, factsList(facts), ...breaksOf((b) => b.from === service || b.to === service),
		...titled("Called by", linkList(busy(called).map(link("from"))), called), ...titled("Calls", linkList(busy(calls).map(link("to"))), calls));
}

function titled(title, list, items) {
	return items.length > 0 ? [make("h3", "", title), list] : [];
}

function linkList(links) {
	const list = make("ul", "links");
	for (const [text, act, fact] of links) list.append(make("li", "", button(visible(clip(text)), act), make("span", "dim", fact)));
	return list;
}

function breaksOf(is) {
	const found = graph.breaks.map((b, i) => [b, i]).filter(([b]) => is(b));
	return titled("Breaks", linkList(found.slice(0, 20).map(([b, i]) => [b.kind + (b.from ? " from " + b.from : "") + (b.place ? " at " + b.place : ""), () => chooseBreak(i), b.of > 0 ? percent(b.count, b.of) : count(b.count)])), found);
}

// samples returns calls that were kept. A click shows the trace of a call.
function samples(title, list, own) {
	return list?.length > 0 ? [make("h3", "", title), ...list.map((sample) => sampleRow(sample, own))] : [];
}

function sampleRow(sample, own) {
	const row = make("div", "sample"), open = make("div", "open");
	const opener = button("", () => {
		if (open.childNodes.length === 0) open.append(...traceOf(sample.trace, own));
		open.hidden = !open.hidden;
		opener.setAttribute("aria-expanded", !open.hidden);
	});
	opener.append(make("b", "", duration(sample.took_ms)), make("span", "dim", sample.at ? sample.at.slice(11, 23).replace("Z", "") : ""), make("code", "dim", visible(clip(sample.trace))));
	opener.setAttribute("aria-expanded", false);
	open.hidden = true;
	row.append(opener, open);
	return row;
}

// traceOf returns the spans of a trace, if they are kept, and the command that shows the whole trace.
function traceOf(id, own) {
	const trace = traces.get(id), command = commandFor(visible(clip(id)));
	const shown = trace && trace.spans.length > 0 ? waterfall(trace, own) : [make("p", "dim", "Its spans are not in this page.")];
	const line = make("div", "command", make("code", "", command), button("Copy", () => copy(command, "Command")));
	if (/^https?:\/\//.test(data.zipkin) && /^[0-9a-f]{16,32}$/.test(id)) {
		const link = make("a", "", "Zipkin");
		link.href = data.zipkin + id;
		link.target = "_blank";
		link.rel = "noopener noreferrer";
		link.title = "If the trace was sampled";
		line.append(link);
	}
	return [...shown, line];
}
