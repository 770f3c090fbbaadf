package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// look is the flags for how an answer looks.
type look struct {
	Width *int   `help:"How many columns a line may take; 0: no limit. Without it, the width of the terminal, or no limit without a terminal." placeholder:"COLUMNS"`
	Color string `help:"Whether to use colours: ${enum}. NO_COLOR turns auto off." enum:"auto,always,never" default:"auto"`
}

// check returns an error for flags that make no sense.
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

// colour reports whether out gets colours.
func (l *look) colour(out io.Writer) bool {
	switch l.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// width returns how wide a line may be; 0: nothing is cut.
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
