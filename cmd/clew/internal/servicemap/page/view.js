// A view is the visible part of the picture: its middle and its scale.
class View {
	constructor(svg) {
		this.svg = svg;
		const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
		this.whole = {width, height};
		this.all();
	}

	// size is the size of the picture on the screen.
	get size() {
		return {width: Math.max(this.svg.clientWidth, 1), height: Math.max(this.svg.clientHeight, 1)};
	}

	// fit is the scale that shows the whole map.
	get fit() {
		const {width, height} = this.size;
		return Math.min(width / this.whole.width, height / this.whole.height, 1.25);
	}

	all() {
		this.fitted = true;
		this.scale = this.fit;
		this.x = this.whole.width / 2;
		this.y = this.whole.height / 2;
		this.draw();
	}

	draw() {
		const {width, height} = this.size;
		this.x = Math.min(Math.max(this.x, 0), this.whole.width);
		this.y = Math.min(Math.max(this.y, 0), this.whole.height);
		this.svg.setAttribute("viewBox", [this.x - width / this.scale / 2, this.y - height / this.scale / 2, width / this.scale, height / this.scale].join(" "));
		this.svg.classList.toggle("far", this.scale < 0.72);
		element("zoom-all").textContent = Math.round(this.scale * 100) + " %";
	}

	// resized adapts the view to a new size of the window. If the whole map was in view, it stays
	// so.
	resized() {
		if (this.fitted) this.all();
		else this.draw();
	}

	// zoom changes the scale. The place at on the screen stays where it is; without at, the middle
	// does.
	zoom(by, at) {
		const before = this.scale, box = this.svg.getBoundingClientRect();
		this.scale = Math.min(Math.max(before * by, Math.min(this.fit / 2, 0.2)), 4);
		if (at) {
			const dx = at.x - box.left - box.width / 2, dy = at.y - box.top - box.height / 2;
			this.x += dx / before - dx / this.scale;
			this.y += dy / before - dy / this.scale;
		}
		this.fitted = false;
		this.draw();
	}

	// move moves the view by pixels of the screen.
	move(dx, dy) {
		this.x += dx / this.scale;
		this.y += dy / this.scale;
		this.fitted = false;
		this.draw();
	}

	// bring brings a shape into view.
	bring(shape) {
		const box = shape.getBBox(), at = shape.transform?.baseVal.consolidate()?.matrix;
		const x = box.x + box.width / 2 + (at?.e ?? 0), y = box.y + box.height / 2 + (at?.f ?? 0);
		const {width, height} = this.size;
		const free = (d, length, part) => Math.abs(d) * this.scale + Math.min(part * this.scale, length) / 2 < length / 2 - 10;
		if (free(x - this.x, width, box.width) && free(y - this.y, height, box.height)) return;
		this.x = x;
		this.y = y;
		this.fitted = false;
		this.draw();
	}
}

// movable lets the pointer drag the picture, and lets two fingers zoom it. A press without a
// movement is a click.
function movable(view) {
	const svg = view.svg, pointers = new Map();
	let moved = false;
	svg.addEventListener("pointerdown", (event) => {
		if (event.button !== 0) return;
		pointers.set(event.pointerId, {x: event.clientX, y: event.clientY});
		moved = false;
	});
	svg.addEventListener("pointermove", (event) => {
		const last = pointers.get(event.pointerId);
		if (!last) return;
		const now = {x: event.clientX, y: event.clientY};
		if (!moved && Math.hypot(now.x - last.x, now.y - last.y) < 4) return;
		if (!moved) svg.setPointerCapture(event.pointerId);
		moved = true;
		svg.classList.add("moving");
		const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
		if (other) view.zoom(Math.hypot(now.x - other.x, now.y - other.y) / Math.max(Math.hypot(last.x - other.x, last.y - other.y), 1), {x: (now.x + other.x) / 2, y: (now.y + other.y) / 2});
		else view.move(last.x - now.x, last.y - now.y);
		pointers.set(event.pointerId, now);
	});
	const up = (event) => {
		pointers.delete(event.pointerId);
		svg.classList.remove("moving");
	};
	svg.addEventListener("pointerup", up);
	svg.addEventListener("pointercancel", up);
	svg.addEventListener("click", (event) => { if (moved) event.stopImmediatePropagation(); });
	svg.addEventListener("wheel", (event) => {
		event.preventDefault();
		if (event.shiftKey) return view.move(event.deltaX || event.deltaY, event.deltaX ? event.deltaY : 0);
		view.zoom(Math.exp(-Math.max(Math.min(event.deltaY, 200), -200) / 400), {x: event.clientX, y: event.clientY});
	}, {passive: false});
}
