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
	leaveOut() // is called if a folder was named, and the source is a file in it that is no text
	finish()   // is called when the source was read, or will not be read
}

// input is the common part of readers.
type input struct {
	name    string
	when    time.Time // of the last change; zero: the source is no regular file
	parser  *timeline.Parser
	dropped int64
	noText  bool // the source was left out, because it is no text

	counts  timeline.Counts // what finish got from parser.Counts
	learned string          // what finish got from parser.Learned
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

// finish keeps the counts of the parser, and frees its memory, because there may be thousands of
// sources.
func (in *input) finish() {
	if in.parser != nil {
		in.counts, in.learned = in.parser.Counts(), in.parser.Learned()
		in.parser = nil
	}
}

// sayRead writes the counts of what was read, if something is missing or verbose is true. With
// verbose, it also writes which fields of each source hold the trace ID, the time and so on.
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

// learned returns a line for each source: which fields of its lines hold the trace ID, the time
// and so on.
func learned(inputs []*input) (said []string) {
	for _, in := range inputs {
		if in.learned != "" {
			said = append(said, in.name+": "+in.learned)
		}
	}
	return said
}
