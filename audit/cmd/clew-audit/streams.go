package main

import (
	"fmt"
	"io"
	"strings"
)

// streams holds the standard input, output and error of a command.
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

// sayLines writes each line of an error to standard error as a separate message, because joined
// errors have one line each. It returns the number of lines.
func (s streams) sayLines(err error) (lines int) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		s.say("%s", line)
		lines++
	}
	return lines
}
