// The screen shows either the list or one trace. The part of the address behind # is the ID of
// that trace.
const data = JSON.parse(element("data").textContent);
element("data").remove(); // the text of the data is no longer needed
const entries = new Map(data.traces.map((entry) => [entry.tree.trace, entry]));
const list = data.list ? new ListPage(data.list, entries) : null;
const pages = new Map();
let page = null; // the trace on the screen; null: the list

function route() {
	const wanted = location.hash.slice(1);
	const entry = entries.get(wanted) ?? (list ? null : data.traces[0]);
	element("trace").hidden = !entry;
	element("list").hidden = !!entry;
	element("back").hidden = !list;
	page = entry ? pageOf(entry) : null;
	(page ?? list).open();
}

function pageOf(entry) {
	if (!pages.has(entry)) pages.set(entry, new TracePage(entry));
	return pages.get(entry);
}

function onClick(id, act) {
	element(id).addEventListener("click", act);
}

onClick("back", () => { location.hash = ""; });
onClick("copy-command", () => copy(commandFor(page.entry.tree.trace), "Command"));
onClick("copy-json", () => copy(harmless(page.entry.tree), "JSON"));
onClick("lines", () => page.toggleLines());
onClick("fold", () => page.foldAll());
onClick("next-error", () => page.nextError(false));
onClick("zoom-in", () => page.axis.zoom(0.5));
onClick("zoom-out", () => page.axis.zoom(2));
onClick("zoom-all", () => page.axis.all());
onClick("help-open", () => element("help").showModal());
onClick("search-next", () => page.search.go(page.selected, false));
onClick("search-previous", () => page.search.go(page.selected, true));
onClick("grid", (event) => page.click(event));
element("grid").addEventListener("keydown", (event) => { if (!event.ctrlKey && !event.altKey && !event.metaKey) page.key(event); });
element("grid").addEventListener("wheel", (event) => page.wheel(event), {passive: false});

const search = element("search");
let typing;
search.addEventListener("input", () => {
	clearTimeout(typing);
	typing = setTimeout(find, 150);
});
search.addEventListener("keydown", (event) => {
	if (event.key !== "Enter" && event.key !== "Escape") return;
	event.preventDefault();
	event.stopPropagation();
	if (event.key === "Escape") {
		search.value = "";
		find();
		element("grid").focus();
		return;
	}
	find();
	page.search.go(page.selected, event.shiftKey);
});

let found = "";

function find() {
	clearTimeout(typing);
	if (search.value === found && page.search.pattern) return;
	found = search.value;
	page.search.find(found);
	page.rows.draw();
}

// These keys work wherever the focus is, except in an input field.
const keys = {
	"/": () => { search.focus(); search.select(); },
	"?": () => element("help").showModal(),
	"n": () => page.search.go(page.selected, false),
	"N": () => page.search.go(page.selected, true),
	"e": () => page.nextError(false),
	"E": () => page.nextError(true),
	"+": () => page.axis.zoom(0.5),
	"=": () => page.axis.zoom(0.5),
	"-": () => page.axis.zoom(2),
	"0": () => page.axis.all(),
	"z": () => page.zoomToSelected(),
	"l": () => page.toggleLines(),
	"f": () => page.foldAll(),
	"Escape": () => page.closeDetails(),
};

document.addEventListener("keydown", (event) => {
	if (!page || event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "INPUT" || element("help").open) return;
	const act = keys[event.key];
	if (!act) return;
	event.preventDefault();
	act();
});

addEventListener("hashchange", route);
addEventListener("resize", () => page?.drawAxis());
route();
element("loading").remove();
performance.mark("shown"); // a test measures the time until this mark
