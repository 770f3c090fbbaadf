package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// flagsFirst moves a command's flags in front of its other arguments. The package kong ends a list
// of arguments at the first flag, but people write clew-audit find XYZ.123 --since 2h network=x.
func flagsFirst(app *kong.Application, args []string) []string {
	if len(args) == 0 {
		return args
	}
	command, words := app.Node, 0
	for words < len(args) {
		at := slices.IndexFunc(command.Children, func(n *kong.Node) bool { return n.Name == args[words] })
		if at < 0 {
			break
		}
		command = command.Children[at]
		words++
	}
	if words == 0 {
		return args
	}
	flags, others := args[:words:words], []string(nil)
	for i := words; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			others = append(others, args[i+1:]...)
			i = len(args)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			others = append(others, arg)
		default:
			flags = append(flags, arg)
			if i+1 < len(args) && wantsValue(command, arg) {
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

// wantsValue reports whether the argument after arg is the value of the last flag in arg.
func wantsValue(command *kong.Node, arg string) bool {
	valued := func(is func(*kong.Flag) bool) bool {
		return slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool { return is(f) && !f.IsBool() })
	}
	if name, long := strings.CutPrefix(arg, "--"); long {
		return valued(func(f *kong.Flag) bool { return f.Name == name })
	}
	for i, short := range arg[1:] {
		if valued(func(f *kong.Flag) bool { return f.Short == short }) {
			return i+1+len(string(short)) == len(arg) // otherwise the rest of arg is the value
		}
	}
	return false
}
