// The data of the page, and its connections. The number of a node or an edge is its index in the
// graph. The picture and the table use the same numbers.
const page = JSON.parse(element("data").textContent);
element("data").remove(); // its text is no longer needed
const data = page.config, graph = page.graph;
const numbers = new Map(graph.nodes.map((node, i) => [node.name, i]));
const nodes = graph.nodes.map((node) => ({node, calls: [], called: []}));
const edges = graph.edges.map((edge, i) => {
	const from = numbers.get(edge.from), to = numbers.get(edge.to);
	if (from !== undefined && to !== undefined) {
		nodes[from].calls.push(i);
		nodes[to].called.push(i);
	}
	return {edge, from, to};
});
const traces = new Map(graph.traced.map((trace) => [trace.id, {...trace, spans: trace.spans ?? []}]));

// serviceOf returns the service of a node, as breaks and spans name it.
function serviceOf(node) {
	return node.service || node.name;
}

// count writes a number, with its digits in groups of three.
function count(n) {
	return n.toLocaleString("en-US");
}

// percent writes a share as the terminal's view does.
function percent(part, whole) {
	if (part <= 0 || whole <= 0) return "0";
	const p = part / whole * 100;
	if (p < 0.01) return "<0.01 %";
	if (p < 0.995) return withDigits[2].format(p) + " %";
	if (p < 9.95) return withDigits[1].format(p) + " %";
	if (part < whole && p > 99) return ">99 %";
	return withDigits[0].format(p) + " %";
}

const sizeUnits = [" B", " kB", " MB", " GB", " TB", " PB", " EB"];

// size writes a number of bytes as the terminal's view does.
function size(bytes) {
	let unit = 0;
	while (bytes >= 999.5 && unit < sizeUnits.length - 1) {
		bytes /= 1000;
		unit++;
	}
	return (unit === 0 ? String(bytes) : threeDigits(bytes)) + sizeUnits[unit];
}

// marksOf returns the marks of an edge, which say how far it can be trusted.
function marksOf({edge, to}) {
	const marks = [], outside = to !== undefined && graph.nodes[to].kind === "outside";
	if (outside) marks.push("outside: no service of these lines is known to be this host");
	else if (edge.answered === 0) marks.push("caller’s side: no request of the callee was found for these calls");
	if (edge.told === 0 && edge.calls > 0) marks.push("callee’s side: no line of the caller reports these calls");
	if (edge.guessed > 0 && edge.answered === 0) marks.push("by host: the host has the service’s name, or the service has answered other calls to the host");
	else if (edge.guessed > 0) marks.push("guessed: " + percent(edge.guessed, edge.calls) + " were joined with requests, or their service was found, by the host’s name or by time, not by IDs");
	return marks;
}

// aboutNode and aboutEdge return the lines of a tip.
function aboutNode({node}) {
	if (node.kind === "outside") return [node.name, "a host outside"];
	const said = [counted(node.requests, "request") + ", " + percent(node.errors, node.requests) + " errors"];
	if (node.took.count > 0) said.push("p50 " + duration(node.took.p50.is) + ", p95 " + duration(node.took.p95.is) + ", p99 " + duration(node.took.p99.is));
	if (node.jobs > 0) said.push(counted(node.jobs, "job"));
	return [node.name, ...said];
}

function aboutEdge({edge}) {
	const said = [counted(edge.calls, "call") + ", " + percent(edge.errors, edge.calls) + " errors" + (edge.retries > 0 ? ", " + (edge.retries === 1 ? "1 retry" : count(edge.retries) + " retries") : "")];
	if (edge.took.count > 0) said.push("p50 " + duration(edge.took.p50.is) + ", p95 " + duration(edge.took.p95.is) + ", p99 " + duration(edge.took.p99.is));
	return [edge.from + " → " + edge.to, ...said];
}
