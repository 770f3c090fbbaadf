// An axis is the part of time that is shown, in milliseconds from the beginning of the trace.
class Axis {
	constructor(model, changed) {
		const took = Math.max(model.tree.duration_ms, 0.001);
		this.whole = {from: 0, until: took};
		this.from = 0;
		this.until = took;
		this.least = Math.min(model.extent.from, 0);
		this.most = Math.max(model.extent.until, took);
		this.changed = changed;
	}

	// place returns the place of a time on the axis, in percent. For times beyond the axis it is
	// below 0 or above 100.
	place(ms) {
		return (ms - this.from) / (this.until - this.from) * 100;
	}

	// show shows a part of time, within the limits of the trace.
	show(from, until) {
		const length = Math.min(Math.max(until - from, 0.0001), this.most - this.least);
		this.from = Math.min(Math.max(from, this.least), this.most - length);
		this.until = this.from + length;
		this.changed();
	}

	// zoom multiplies the shown length of time by the parameter factor. The parameter centre is the
	// time that keeps its place. A user who zooms out from the whole trace sees the lines before
	// the first span and after the last one.
	zoom(factor, centre = (this.from + this.until) / 2) {
		this.show(centre - (centre - this.from) * factor, centre + (this.until - centre) * factor);
	}

	move(by) {
		const length = this.until - this.from;
		this.show(this.from + by * length, this.until + by * length);
	}

	all() {
		this.show(this.whole.from, this.whole.until);
	}

	percent() {
		return (this.whole.until - this.whole.from) / (this.until - this.from) * 100;
	}

	// ticks returns some round times on the axis.
	ticks(most) {
		const length = this.until - this.from, rough = length / most, power = 10 ** Math.floor(Math.log10(rough));
		const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
		const ticks = [];
		for (let n = Math.ceil(this.from / step); n * step < this.until && ticks.length <= most; n++) ticks.push(n * step);
		return ticks;
	}

	// draw draws the ticks above the rows, and a vertical line behind the rows for each tick.
	draw(head, guides) {
		const box = element("window");
		const most = Math.max(2, Math.floor(head.clientWidth / 80));
		const marks = [], lines = [];
		for (const ms of this.ticks(most)) {
			const mark = make("span", "", duration(ms)), line = make("i", "");
			mark.style.left = line.style.left = this.place(ms) + "%";
			if (this.place(ms) < 88) marks.push(mark);
			lines.push(line);
		}
		head.replaceChildren(...marks, box);
		guides.replaceChildren(...lines);
		const range = this.most - this.least;
		box.style.left = (this.from - this.least) / range * 100 + "%";
		box.style.width = (this.until - this.from) / range * 100 + "%";
		box.hidden = this.until - this.from > range * 0.999;
	}
}
