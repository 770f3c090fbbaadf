package main

import (
	"io"
	"os"
	"time"

	"example.com/clew/internal/timeline"
)

// reader reads one source.
type reader interface {
	read(io.Reader) error
	leaveOut() // the source is a file of a folder, and no text
	finish()   // the source was read, or will not be
}

// input is the common part of readers.
type input struct {
	name    string
	when    time.Time // of the last change; zero: the source changes now
	parser  *timeline.Parser
	dropped int64
	noText  bool // the source was left out, because it is no text

	counts  timeline.Counts // once parser is nil
	learned string
}

// newInput returns an input with a parser that knows its source.
func newInput(name string, config timeline.ParserConfig) input {
	in := input{name: name}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		in.when = info.ModTime()
	}
	config.Source, config.Reference = name, in.when
	in.parser = timeline.NewParser(config)
	return in
}

func (in *input) leaveOut() { in.noText = true }

// finish takes the last facts from the parser, and frees its memory, because there may be
// thousands of sources.
func (in *input) finish() {
	if in.parser != nil {
		in.counts, in.learned = in.parser.Counts(), in.parser.Learned()
		in.parser = nil
	}
}

// sayRead says what was read. With verbose, it also says what the fields of each source were taken
// for.
func (s streams) sayRead(c counts, inputs []*input, verbose bool) {
	if verbose || c.incomplete() {
		s.say("%s", c)
	}
	if verbose {
		for _, said := range learned(inputs) {
			s.say("%s", said)
		}
	}
}

// learned says what the fields of each source's lines were taken for.
func learned(inputs []*input) (said []string) {
	for _, in := range inputs {
		if in.learned != "" {
			said = append(said, in.name+": "+in.learned)
		}
	}
	return said
}
