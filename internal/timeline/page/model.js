// A model is a tree as a list of nodes. There is a node for each span, and for each line that does
// not report a span. A line that reports a span has no node, because the row of the span shows it.
// Nodes are in the order in which they are drawn. The nodes below a node follow it. Its member end
// is the index after the last of them. Traces may be very deep, so no function here is recursive.

// instant returns the whole seconds of a time, in milliseconds since 1970, and the rest of the
// time in milliseconds. They are two numbers, because one number for both would be exact only to
// half a microsecond.
function instant(time) {
	if (!time) return null;
	const seconds = secondsOf(time.slice(0, 19));
	return Number.isNaN(seconds) ? null : {seconds, rest: time[19] === "." ? Number("0" + time.slice(19, -1)) * 1000 : 0};
}

let lastText, lastSeconds;

// secondsOf keeps the last result, because neighbouring lines are mostly in the same second.
function secondsOf(text) {
	if (text !== lastText) [lastText, lastSeconds] = [text, Date.parse(text + "Z")];
	return lastSeconds;
}

// since returns the number of milliseconds from the instant zero, which is the beginning of the
// trace, to a time; null: the time is not known.
function since(zero, time) {
	const at = instant(time);
	return at && zero ? at.seconds - zero.seconds + (at.rest - zero.rest) : null;
}

// isError reports whether a line is at the level of errors.
function isError(line) {
	return line.level === "error" || line.level === "fatal" || line.level === "panic";
}

// modelOf returns the model of a tree.
function modelOf(tree) {
	const first = tree.lines.find((line) => line.at);
	const zero = instant(tree.start || first?.at);
	const root = {children: [], lines: []};
	const byID = new Map();
	const services = new Map(tree.services.map((s, i) => [s.name, i % 8]));
	const nodes = [];

	for (const span of tree.spans) { // parents come first
		const at = since(zero, span.start);
		const node = {span, at, took: at === null ? null : span.duration_ms, bad: !!span.failed, colour: services.get(span.service) ?? 7, children: [], lines: []};
		byID.set(span.id, node);
		(byID.get(span.parent) ?? root).children.push(node);
	}
	for (const line of tree.lines) {
		const node = {line, at: since(zero, line.at), bad: isError(line), colour: services.get(line.service) ?? 7};
		const span = byID.get(line.span);
		if (line.report && span) span.report = line;
		else (span ?? root).lines.push(node);
	}
	order(root, nodes);
	return {tree, nodes, byID, zero, extent: extentOf(nodes)};
}

// order puts nodes into the order in which they are drawn, with spans and lines by time.
function order(root, nodes) {
	const stack = [{of: root, child: 0, line: 0, index: -1, depth: 1}];
	while (stack.length > 0) {
		const frame = stack[stack.length - 1];
		const node = next(frame);
		if (!node) {
			stack.pop();
			close(frame, stack[stack.length - 1], nodes.length);
			continue;
		}
		node.index = nodes.length;
		node.parent = frame.index;
		node.depth = frame.depth;
		node.end = node.index + 1;
		abridge(node, frame.of.span?.service ?? "");
		nodes.push(node);
		if (node.span) stack.push({of: node, child: 0, line: 0, index: node.index, depth: frame.depth + 1});
		else frame.of.badBelow ||= node.bad;
	}
}

// abridge sets whether the row of a node names the service. The row of a call or of a line does
// not name it if the span above has the same service.
function abridge(node, above) {
	if (node.span) node.same = node.span.kind === "client" && node.span.service === above && above !== "";
	else node.elsewhere = node.line.service !== above && node.line.service !== "";
}

// next returns the next span or line below a node.
function next(frame) {
	const child = frame.of.children[frame.child], line = frame.of.lines[frame.line];
	if (line && (!child || line.at !== null && line.at <= (child.at ?? Infinity))) {
		frame.line++;
		return line;
	}
	frame.child++;
	return child;
}

// close sets the end of a node. If the node or anything below it has failed, close marks the node
// above.
function close(frame, above, end) {
	const node = frame.of;
	node.end = end;
	node.spansBelow = node.children.length > 0;
	if (above) above.of.badBelow ||= node.bad || node.badBelow;
}

// extentOf returns the time from the first event to the last.
function extentOf(nodes) {
	let from = 0, until = 0;
	for (const node of nodes) {
		if (node.at === null) continue;
		from = Math.min(from, node.at);
		until = Math.max(until, node.at + (node.took ?? 0));
	}
	return {from, until};
}

// shown returns the indexes of the nodes that have a row.
function shown(nodes, withLines) {
	const rows = [];
	for (let i = 0; i < nodes.length;) {
		const node = nodes[i];
		if (node.span || withLines) rows.push(i);
		i = node.folded ? node.end : i + 1;
	}
	return rows;
}

// marksOf returns the marks that show how far a span can be trusted.
function marksOf(node) {
	const marks = [];
	if (node.span.made) marks.push(node.lines.length > 0 ? "made" : "not reported");
	if (node.span.guess) marks.push("guessed");
	return marks;
}
