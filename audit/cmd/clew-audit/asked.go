package main

import "strings"

// asked holds the values and pairs that the arguments of a command line ask for.
type asked struct {
	values  []string
	context [][2]string
	name    string // the name of a filter that the event has passed
}

// filterWord is the key in the argument filter=NAME, which asks for the events that the filter
// NAME has passed.
const filterWord = "filter"

// words reads VALUE, key=value and =VALUE. The text before the first = is a key, and an empty text
// stands for any key. The key filter does not stand for a key of the context, but asks for a name
// in trace_names.
func words(args []string) (a asked, err error) {
	for _, arg := range args {
		key, value, pair := strings.Cut(arg, "=")
		switch {
		case !pair && arg == "", pair && key == "" && value == "":
			return a, usagef("an empty value is in no event: write key= for a key whose value is empty")
		case !pair:
			a.values = append(a.values, arg)
		case key == "":
			a.values = append(a.values, value)
		case key == filterWord:
			if err := a.passed(value); err != nil {
				return a, err
			}
		default:
			a.context = append(a.context, [2]string{key, value})
		}
	}
	return a, nil
}

// passed adds the condition that the filter called name has passed the event.
func (a *asked) passed(name string) error {
	switch {
	case name == "":
		return usagef("%s= wants the name of a filter; for an empty value under a key called %[1]s, write --context %[1]s=", filterWord)
	case a.name != "" && a.name != name:
		return usagef("only the events of one filter can be asked for, not of %q and %q", clip(a.name), clip(name))
	}
	a.name = name
	return nil
}

// pair adds the condition that the context has the key and the value in text. The key may also be
// the word filter.
func (a *asked) pair(flag, text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return usagef("%s wants a key and its value, as in %[1]s filter=slow, not %q", flag, clip(text))
	}
	a.context = append(a.context, [2]string{key, value})
	return nil
}
