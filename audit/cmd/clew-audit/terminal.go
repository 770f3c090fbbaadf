package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// look holds the flags that determine how an answer looks.
type look struct {
	Width *int   `help:"How many columns a line may have; 0: no limit. Without it, a line may be as wide as the terminal, and has no limit if there is no terminal." placeholder:"COLUMNS"`
	Color string `help:"Whether to use colours: ${enum}. NO_COLOR turns auto off." enum:"auto,always,never" default:"auto"`
}

// check returns an error if a flag has a wrong value.
func (l *look) check() error {
	if l.Width != nil && *l.Width < 0 {
		return usagef("--width wants a number that is not negative")
	}
	return nil
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether the output to out is coloured.
func (l *look) colour(out io.Writer) bool {
	switch l.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// width returns the largest number of columns of a line. With 0, no line is cut.
func (l *look) width(out io.Writer) int {
	if l.Width != nil {
		return *l.Width
	}
	if !isTerminal(out) {
		return 0
	}
	width, _, err := term.GetSize(int(out.(*os.File).Fd()))
	if err != nil {
		return 0
	}
	return width
}
