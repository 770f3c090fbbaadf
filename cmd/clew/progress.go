package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// progress is a line on a terminal that shows how much was read. It appears after a second.
type progress struct {
	read  atomic.Int64
	total int64 // 0: not known
	err   io.Writer
	start time.Time
	quit  chan struct{} // nil: err is no terminal, and gets no line
	done  chan struct{}
}

// startProgress starts the line. The caller must call stop.
func startProgress(ctx context.Context, err io.Writer, sources []*source) *progress {
	p := &progress{err: err, start: time.Now(), total: size(sources)}
	if isTerminal(err) {
		p.quit, p.done = make(chan struct{}), make(chan struct{})
		go p.show(ctx)
	}
	return p
}

// size returns how many bytes there are to read, or 0 if that is not known.
func size(sources []*source) int64 {
	total := int64(0)
	for _, src := range sources {
		if src.info == nil || !src.info.Mode().IsRegular() {
			return 0
		}
		total += src.info.Size()
	}
	return total
}

func (p *progress) show(ctx context.Context) {
	defer close(p.done)
	timer := time.NewTimer(progressAfter)
	defer timer.Stop()
	for shown := false; ; shown = true {
		select {
		case <-timer.C:
			fmt.Fprintf(p.err, "\r\x1b[K%s", p.line(time.Since(p.start)))
			timer.Reset(progressEvery)
			continue
		case <-ctx.Done():
		case <-p.quit:
		}
		if shown {
			fmt.Fprint(p.err, "\r\x1b[K")
		}
		return
	}
}

// line returns the text of the line: the bytes that were read, the rate, and the remaining time.
// The parameter after is the time since the start.
func (p *progress) line(after time.Duration) string {
	read := p.read.Load()
	rate := float64(read) / after.Seconds()
	if p.total == 0 {
		return fmt.Sprintf("%s, %s/s", amount(float64(read)), amount(rate))
	}
	part := min(float64(read)/float64(p.total), 1) // a file may have grown
	const cells = 20
	full := int(part * cells)
	line := fmt.Sprintf("[%s%s] %3.0f %%  %s of %s, %s/s", strings.Repeat("#", full), strings.Repeat(".", cells-full),
		part*100, amount(float64(read)), amount(float64(p.total)), amount(rate))
	if rate > 0 {
		left := time.Duration(max(float64(p.total-read), 0) / rate * float64(time.Second))
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return line
}

func amount(bytes float64) string {
	units := []string{"B", "kB", "MB", "GB"}
	for bytes >= 1000 && len(units) > 1 {
		bytes, units = bytes/1000, units[1:]
	}
	return fmt.Sprintf("%.3g %s", bytes, units[0])
}

// stop removes the line.
func (p *progress) stop() {
	if p.quit != nil {
		close(p.quit)
		<-p.done
	}
}

// counting returns a reader that counts what is read.
func (p *progress) counting(r io.Reader) io.Reader { return counter{r, &p.read} }

type counter struct {
	r    io.Reader
	read *atomic.Int64
}

func (c counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.read.Add(int64(n))
	return n, err
}
