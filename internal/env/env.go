// Package env reads OpenTelemetry's environment variables by the rules of their specification,
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. An empty
// variable counts as not set, and known names may be in any case. One rule differs from the
// specification: it asks for a warning about an invalid value, but this package returns an error,
// because the library does not log.
//
// The text of an error is safe for a log line. An error quotes a value only where a name was
// expected. It does not quote a bad number: the value could be a URL with a password in it.
//
// Packages trace and zipkin import it. It is a package of its own because each reads variables
// that the other does not know, by the same rules.
package env

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Text returns the value of a variable without white space around it; "" if it is not set.
func Text(variable string) string { return strings.TrimSpace(os.Getenv(variable)) }

// Word returns the value of a variable in lower case; "" if it is not set.
func Word(variable string) string { return strings.ToLower(Text(variable)) }

// List returns the names in a list with commas, in lower case and each once. The result is empty
// if the variable is not set.
func List(variable string) []string {
	var names []string
	for name := range strings.SplitSeq(Word(variable), ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// True reports whether a variable is "true". Any value other than "true", "false" and "" is an
// error.
func True(variable string) (bool, error) {
	switch Word(variable) {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, errors.New(variable + " is neither true nor false")
}

// Share returns a number between 0 and 1. The parameter otherwise is the result if the variable is
// not set.
func Share(variable string, otherwise float64) (float64, error) {
	text := Text(variable)
	if text == "" {
		return otherwise, nil
	}
	share, err := strconv.ParseFloat(text, 64)
	if err != nil || !(share >= 0 && share <= 1) { // written so that NaN fails too
		return 0, errors.New(variable + " is not a number between 0 and 1")
	}
	return share, nil
}

// Count returns a whole number above 0, or 0 if the variable is not set.
func Count(variable string) (int, error) {
	text := Text(variable)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New(variable + " is not a whole number from 1 to 2147483647")
	}
	return int(n), nil
}

// forever stands for a timeout of 0, which means no limit, as the specification suggests.
const forever = (1<<31 - 1) * time.Millisecond

// Timeout returns a number of milliseconds. The parameter otherwise is the result if the variable
// is not set. The value 0 means no limit.
func Timeout(variable string, otherwise time.Duration) (time.Duration, error) {
	text := Text(variable)
	if text == "" {
		return otherwise, nil
	}
	switch ms, err := strconv.ParseUint(text, 10, 31); {
	case err != nil:
		return 0, errors.New(variable + " is not a whole number of milliseconds from 0 to 2147483647")
	case ms == 0:
		return forever, nil
	default:
		return time.Duration(ms) * time.Millisecond, nil
	}
}

// Unknown returns the error for a variable whose value has an unknown name. The parameter known
// holds the known names.
func Unknown(variable, name string, known []string) error {
	const longest = 40
	if len(name) > longest {
		name = name[:longest] + "..."
	}
	// The + escapes all characters that are not ASCII, because two names may look alike.
	return fmt.Errorf("%s: %+q is unknown; known are %s", variable, name, strings.Join(known, ", "))
}
