package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// graph shows how many events a second the services write, over time.
type graph struct {
	points []point
	marks  []mark
}

// point counts the events of a span of time. The field at is the end of the span, and the field
// took is its length.
type point struct {
	at        time.Duration // the time since the beginning of the graph
	took      time.Duration
	logged    int64
	written   int64
	discarded int64
}

// perSecond returns how many events a second were written.
func (p point) perSecond() float64 {
	return float64(p.written) / max(p.took, time.Nanosecond).Seconds()
}

// mark is a vertical line on the graph, for an event. The field at is the time of the event.
type mark struct {
	at   time.Duration
	text string
}

// barColumns is the width of the longest bar.
const barColumns = 48

// bar returns a point as a line for a terminal. The argument most is the rate of the longest bar.
func (p point) bar(most float64) string {
	columns := int(barColumns*p.perSecond()/max(most, 1) + 0.5)
	return strings.TrimRight(fmt.Sprintf("%6.1f s %6.0f/s  %s", p.at.Seconds(), p.perSecond(), strings.Repeat("█", min(columns, barColumns))), " ")
}

// most returns the largest rate of all points, and at least 1.
func (g *graph) most() float64 {
	most := 1.
	for _, p := range g.points {
		most = max(most, p.perSecond())
	}
	return most
}

// The sizes of the picture and of its margins.
const (
	width, height             = 720, 260
	left, right, above, below = 56, 16, 62, 34
)

const style = `
	text { font: 12px system-ui, sans-serif; fill: #57606a }
	.title { font-size: 14px; fill: #1f2328 }
	.axis { stroke: #8c959f }
	.grid { stroke: #8c959f; stroke-opacity: .3 }
	.events { fill: #0969da; fill-opacity: .18; stroke: #0969da; stroke-width: 1.5 }
	.mark { stroke: #bc4c00; stroke-dasharray: 3 3 }
	.event { fill: #bc4c00 }
	@media (prefers-color-scheme: dark) {
		text { fill: #9198a1 }
		.title { fill: #f0f6fc }
		.events { fill: #4493f8; fill-opacity: .25; stroke: #4493f8 }
		.mark { stroke: #f0883e }
		.event { fill: #f0883e }
	}
`

// svg writes the graph as a picture, for a light and for a dark page.
func (g *graph) svg(to io.Writer) error {
	var b bytes.Buffer
	end := time.Nanosecond
	for _, p := range g.points {
		end = max(end, p.at)
	}
	top := ceiling(g.most())
	x := func(at time.Duration) float64 { return left + (width-left-right)*at.Seconds()/end.Seconds() }
	y := func(rate float64) float64 { return height - below - (height-above-below)*rate/top }
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Events written a second, over time">`+"\n<style>%s</style>\n", width, height, style)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="20">events written a second</text>`+"\n", left)
	for i := range 3 {
		rate := top * float64(i) / 2
		class := "grid"
		if i == 0 {
			class = "axis"
		}
		fmt.Fprintf(&b, `<line class="%s" x1="%d" x2="%d" y1="%.1f" y2="%.1[4]f"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n",
			class, left, width-right, y(rate), left-6, y(rate)+4, rate)
	}
	for s := time.Duration(0); s <= end; s += seconds(end) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f s</text>`+"\n", x(s), height-below+18, s.Seconds())
	}
	fmt.Fprintf(&b, `<path class="events" d="M%d %.1f`, left, y(0))
	for _, p := range g.points {
		fmt.Fprintf(&b, "L%.1f %.1fL%.1f %.1f", x(p.at-p.took), y(p.perSecond()), x(p.at), y(p.perSecond()))
	}
	fmt.Fprintf(&b, `L%.1f %.1fZ"/>`+"\n", x(end), y(0))
	for i, m := range g.marks {
		g.svgMark(&b, x(m.at), 36+14*float64(i%2), m.text)
	}
	b.WriteString("</svg>\n")
	_, err := to.Write(b.Bytes())
	return err
}

// svgMark draws a mark, with its text on the side that has more space.
func (g *graph) svgMark(b *bytes.Buffer, x, y float64, text string) {
	anchor, by := "start", 4.
	if x > (left+width-right)/2 {
		anchor, by = "end", -4
	}
	fmt.Fprintf(b, `<line class="mark" x1="%.1f" x2="%.1[1]f" y1="%.1f" y2="%d"/><text class="event" x="%.1f" y="%.1f" text-anchor="%s">`, x, y-10, height-below, x+by, y, anchor)
	_ = xml.EscapeText(b, []byte(text)) // a write to a Buffer never fails
	b.WriteString("</text>\n")
}

// ceiling returns the smallest of 1, 2, 5, 10, 20 … that is not below n.
func ceiling(n float64) float64 {
	for size := 1.; ; size *= 10 {
		for _, step := range []float64{1, 2, 5} {
			if size*step >= n {
				return size * step
			}
		}
	}
}

// seconds returns the distance between the times on the axis.
func seconds(end time.Duration) time.Duration {
	return max(time.Second, time.Duration(ceiling(end.Seconds()/10))*time.Second)
}
