// The spans of a trace as bars on an axis of time.

const signs = {call: "→ ", job: "job "};

function waterfall(trace, own) {
	const spans = trace.spans;
	const from = Math.min(...spans.map((s) => s.start_ms)), until = Math.max(...spans.map((s) => s.start_ms + s.took_ms), from + 0.001);
	const box = make("div", "fall");
	for (const span of spans) {
		const mine = own(span) ? " own" : "";
		const name = make("span", mine.trim(), visible(clip(span.node + " " + (signs[span.kind] ?? "") + span.name)) + (span.failed ? " ✕" : ""));
		name.style.paddingLeft = Math.min(Math.max(span.depth, 0), 10) * 8 + "px";
		name.title = name.textContent;
		const bar = make("i", (span.failed ? "bad" : mine).trim());
		bar.style.left = (span.start_ms - from) / (until - from) * 100 + "%";
		bar.style.width = span.took_ms / (until - from) * 100 + "%";
		box.append(name, make("span", "number", duration(span.took_ms)), make("div", "", bar));
	}
	return trace.left > 0 ? [box, make("p", "dim", "… and " + counted(trace.left, "more span"))] : [box];
}
