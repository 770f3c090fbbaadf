package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

func (versionCommand) run(std streams) (int, error) {
	text := "clew-audit"
	if info, ok := debug.ReadBuildInfo(); ok {
		text += " " + info.Main.Version + " " + info.GoVersion
	}
	_, err := fmt.Fprintln(std.out, text)
	return exitFound, err
}
