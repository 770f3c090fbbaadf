// Search finds a text in operations, services, errors and lines, also in folded ones.
class Search {
	constructor(nodes, show) {
		this.nodes = nodes;
		this.show = show; // shows the node of a match
		this.pattern = null;
		this.hits = [];
		this.at = -1;
	}

	// find looks for a text, and ignores upper and lower case.
	find(text) {
		this.pattern = text === "" ? null : new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "giu");
		this.hits = [];
		this.at = -1;
		if (this.pattern) {
			for (const node of this.nodes) {
				this.pattern.lastIndex = 0;
				if (this.pattern.test(wordsOf(node))) this.hits.push(node.index);
			}
		}
		this.tell();
	}

	// go moves to the first match after the node with the index from. If back is true, it moves to
	// the last match before that node. After the last match of all, it continues with the first.
	go(from, back) {
		if (this.hits.length === 0) return;
		const behind = this.hits.findIndex((index) => index > from);
		if (!back) this.at = Math.max(behind, 0);
		else {
			const before = this.hits.findLastIndex((index) => index < from);
			this.at = before < 0 ? this.hits.length - 1 : before;
		}
		this.show(this.hits[this.at]);
		this.tell();
	}

	tell() {
		const count = element("search-count");
		const n = this.hits.length.toLocaleString("en-US");
		if (!this.pattern) count.textContent = "";
		else if (this.hits.length === 0) count.textContent = "no match";
		else count.textContent = this.at < 0 ? counted(this.hits.length, "match").replace(/matchs$/, "matches") : (this.at + 1).toLocaleString("en-US") + " of " + n;
		for (const id of ["search-next", "search-previous"]) element(id).disabled = this.hits.length === 0;
	}
}

// wordsOf returns the text of a node in which find looks.
function wordsOf(node) {
	const {span, line, report} = node;
	if (line) return line.message && !line.text.includes(line.message) ? line.text + "\n" + line.message : line.text;
	return span.service + " " + span.operation + " " + (span.error ?? "") + " " + (report?.text ?? span.id);
}
