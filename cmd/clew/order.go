package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// flagsFirst moves a command's flags in front of its other arguments. Kong ends a list of
// arguments at the first flag, but people write clew timeline ID --follow app.log.
func flagsFirst(app *kong.Application, args []string) []string {
	if len(args) == 0 {
		return args
	}
	at := slices.IndexFunc(app.Children, func(n *kong.Node) bool { return n.Name == args[0] })
	if at < 0 {
		return args
	}
	flags, others := args[:1:1], []string(nil)
	for i := 1; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			others = append(others, args[i+1:]...)
			i = len(args)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			others = append(others, arg)
		default:
			flags = append(flags, arg)
			if i+1 < len(args) && wantsValue(app.Children[at], arg) {
				i++
				flags = append(flags, args[i])
			}
		}
	}
	if len(others) > 0 {
		flags = append(append(flags, "--"), others...)
	}
	return flags
}

// wantsValue reports whether the value of the last flag in arg is the next argument.
func wantsValue(command *kong.Node, arg string) bool {
	valued := func(is func(*kong.Flag) bool) bool {
		return slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool { return is(f) && !f.IsBool() })
	}
	if name, long := strings.CutPrefix(arg, "--"); long {
		return valued(func(f *kong.Flag) bool { return f.Name == name })
	}
	for i, short := range arg[1:] {
		if valued(func(f *kong.Flag) bool { return f.Short == short }) {
			return i+1+len(string(short)) == len(arg) // else the value follows in arg
		}
	}
	return false
}
