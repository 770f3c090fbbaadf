package main

import (
	"fmt"
	"strings"
)

// usageError is an error of the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// commands lists the commands that usage errors may name.
var commands = []string{"find", "follow", "trace", "stats", "ingest", "filters check", "filters list", "filters", "compact", "ddl", "sql", "demo"}

// commandOf returns the command that a text begins with, or "".
func commandOf(text string) string {
	for _, command := range commands {
		if strings.HasPrefix(text+" ", command+" ") {
			return command
		}
	}
	return ""
}
