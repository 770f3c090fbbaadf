// The table of edges can be sorted. Its rows are in the HTML of the page.
const columns = [
	(e) => e.from, (e) => e.to, (e) => e.calls, (e) => e.calls > 0 ? e.errors / e.calls : 0, (e) => e.retries,
	(e) => e.took.p50.is, (e) => e.took.p95.is, (e) => e.took.p99.is, (e) => e.bytes, (e) => marksOf({edge: e, to: numbers.get(e.to)}).join(),
];
const sorted = {column: 2, down: true};
const rowOf = [...document.querySelectorAll("#rows-body tr")].reduce((rows, row) => { rows[row.dataset.edge] = row; return rows; }, []);

function prepareRows() {
	[...element("rows-head").children].forEach((head, i) => head.replaceChildren(button(head.textContent, () => sortRows(i))));
	for (const row of rowOf) {
		const opener = button(row.children[1].textContent, () => choose("edge", Number(row.dataset.edge)));
		row.children[1].replaceChildren(opener);
		row.addEventListener("click", (event) => { if (event.target !== opener) opener.click(); });
	}
	markSorted();
}

function sortRows(i) {
	sorted.down = i === sorted.column ? !sorted.down : i > 1;
	sorted.column = i;
	const of = columns[i], sign = sorted.down ? -1 : 1;
	const order = rowOf.map((row, n) => [of(graph.edges[n]), row]).sort(([a], [b]) => a < b ? -sign : a > b ? sign : 0);
	element("rows-body").replaceChildren(...order.map(([, row]) => row));
	markSorted();
	element("rows-head").children[i].firstChild.focus();
}

function markSorted() {
	[...element("rows-head").children].forEach((head, i) => {
		const name = head.textContent.replace(/ [↑↓]$/, "");
		head.firstChild.textContent = i === sorted.column ? name + (sorted.down ? " ↓" : " ↑") : name;
		if (i === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
		else head.removeAttribute("aria-sort");
	});
}
