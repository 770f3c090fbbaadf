package main

import (
	"io"
	"os"
	"time"

	"example.com/clew/internal/timeline"
)

// reader takes what a source has.
type reader interface {
	read(io.Reader) error
	leaveOut() // it is a file of a folder, and no text
	finish()   // it is read, or will not be
}

// input is what one source is to its reader.
type input struct {
	name    string
	when    time.Time // it was last changed; zero: it changes now
	parser  *timeline.Parser
	dropped int64
	noText  bool // it is a file of a folder that was left out

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

// finish takes from the parser what is left to know, and lets go of its memory: there may be
// thousands of sources.
func (in *input) finish() {
	if in.parser != nil {
		in.counts, in.learned = in.parser.Counts(), in.parser.Learned()
		in.parser = nil
	}
}

// sayRead says what was read, and with verbose what the fields of each source's lines were taken
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
