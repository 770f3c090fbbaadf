package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (t *timelineCommand) colour(out io.Writer) bool { return colour(t.Color, out) }

func (t *timelineCommand) width(out io.Writer) int { return columns(t.Width, out) }

// colour reports whether out gets colours. The parameter flag is the value of --color.
func colour(flag string, out io.Writer) bool {
	switch flag {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// columns returns how many columns a line may have, or 0 for any number. The parameter flag is the
// value of --width, or nil without --width.
func columns(flag *int, out io.Writer) int {
	if flag != nil {
		return *flag
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
