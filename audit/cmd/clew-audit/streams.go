package main

import (
	"fmt"
	"io"
	"strings"
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func (s streams) usage(name string, err error) int {
	s.say("%v", err)
	see := "clew-audit --help"
	if name != "" {
		see = "clew-audit " + name + " --help"
	}
	fmt.Fprintln(s.err, "See: "+see)
	return exitUsage
}

// say writes a line to standard error.
func (s streams) say(format string, args ...any) {
	fmt.Fprintln(s.err, "clew-audit: "+printable(fmt.Sprintf(format, args...)))
}

// sayLines says each line of an error on its own, since joined errors have a line each.
func (s streams) sayLines(err error) (lines int) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		s.say("%s", line)
		lines++
	}
	return lines
}
