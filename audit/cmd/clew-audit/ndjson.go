package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"example.com/clew/audit/lake"
)

// The limits of a line.
const (
	maxLine  = 1 << 20 // bytes
	maxPairs = 64      // in the context of an event
	maxDepth = 8       // the levels of nested objects
)

// parseEvent reads a line of JSON. An event without an app gets the argument app, and an event
// without a time gets the argument now.
//
// Members with the names of columns are the values of these columns: timestamp, app, message,
// trace_id, context, trace_names. Any other member is a pair of the context. A value that is not a
// string is kept as JSON. Objects become dotted keys, and null is left out. If a key occurs in the
// member context and elsewhere, the pair in context is kept.
func parseEvent(line []byte, app string, now time.Time) (e lake.Event, err error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return e, jsonError(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return e, errors.New("there is more after the object")
	}
	if object == nil {
		return e, errors.New("it is not an object")
	}
	e = lake.Event{Time: now, App: app}
	if e.Time, err = timestamp(object["timestamp"], now); err != nil {
		return e, err
	}
	for _, f := range []struct {
		key string
		to  *string
	}{{"app", &e.App}, {"message", &e.Message}, {"trace_id", &e.TraceID}} {
		if err := text(object, f.key, f.to); err != nil {
			return e, err
		}
	}
	if err := checkEvent(&e); err != nil {
		return e, err
	}
	if e.TraceNames, err = names(object["trace_names"]); err != nil {
		return e, err
	}
	e.Context, err = contextOf(object)
	return e, err
}

// jsonError returns an error of package json without the text of the line.
func jsonError(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return errors.New("it is not an object")
	}
	return fmt.Errorf("it is not JSON: %v", strings.TrimPrefix(err.Error(), "json: "))
}

// text stores the value of a member in *to. The value must be a string. If the member is missing,
// null or empty, *to is not changed.
func text(object map[string]any, key string, to *string) error {
	switch value := object[key].(type) {
	case nil:
	case string:
		if value != "" {
			*to = value
		}
	default:
		return fmt.Errorf("%s is not a text", key)
	}
	return nil
}

var errNoApp = errors.New("it has no app: give one with --app")

func checkEvent(e *lake.Event) error {
	switch {
	case e.Message == "":
		return errors.New("it has no message")
	case e.App == "":
		return errNoApp
	case e.TraceID != "" && !bareID(e.TraceID):
		return errors.New("trace_id is not 16 or 32 hexadecimal digits")
	}
	e.TraceID = strings.ToLower(e.TraceID)
	return nil
}

func names(value any) ([]string, error) {
	wrong := errors.New("trace_names is not a list of texts")
	if value == nil {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, wrong
	}
	var all []string
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return nil, wrong
		}
		all = append(all, name)
	}
	if len(all) > maxPairs {
		return nil, fmt.Errorf("it has more than %d trace_names", maxPairs)
	}
	return all, nil
}

var columns = []string{"timestamp", "app", "message", "trace_id", "context", "trace_names"}

// contextOf returns the context of an event.
func contextOf(object map[string]any) (map[string]string, error) {
	pairs := pairs{}
	switch context := object["context"].(type) {
	case nil:
	case map[string]any:
		if err := pairs.add("", context, 1); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("context is not an object")
	}
	for _, column := range columns {
		delete(object, column)
	}
	if err := pairs.add("", object, 1); err != nil {
		return nil, err
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	return pairs, nil
}

// pairs is a context that keeps the first value of a key.
type pairs map[string]string

func (p pairs) add(prefix string, object map[string]any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it has objects that are nested more than %d deep", maxDepth)
	}
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	// The members "a.b": … and "a": {"b": …} have the same dotted key, and only the first is kept.
	// In sorted order, it is the same one in each run.
	slices.Sort(keys)
	for _, key := range keys {
		var value string
		switch v := object[key].(type) {
		case nil:
			continue
		case map[string]any:
			if err := p.add(prefix+key+".", v, depth+1); err != nil {
				return err
			}
			continue
		case string:
			value = v
		case json.Number:
			value = v.String()
		case bool:
			value = strconv.FormatBool(v)
		default:
			text, err := json.Marshal(v)
			if err != nil {
				return err
			}
			value = string(text)
		}
		if _, taken := p[prefix+key]; !taken {
			p[prefix+key] = value
		}
		if len(p) > maxPairs {
			return fmt.Errorf("it has more than %d pairs", maxPairs)
		}
	}
	return nil
}

// timestamp reads a time in RFC 3339, or the time since 1970 as a number, which may be in a
// string. The size of the number decides whether it counts seconds, milliseconds, microseconds or
// nanoseconds.
func timestamp(value any, now time.Time) (time.Time, error) {
	wrong := errors.New("timestamp is neither RFC 3339 nor seconds to nanoseconds since 1970")
	var text string
	switch v := value.(type) {
	case nil:
		return now, nil
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		var ok bool
		if t, ok = epoch(text); !ok {
			return t, wrong
		}
	}
	if t = t.UTC().Truncate(time.Microsecond); t.Year() < 1970 || t.Year() > 9999 {
		return t, wrong
	}
	return t, nil
}

// epoch reads the time since 1970 as a number. The number of digits decides the unit. Up to eleven
// digits are seconds: as seconds, the largest such number is a time in the year 5138. As
// milliseconds, it is a time in 1973.
func epoch(text string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" || len(whole) > 19 || strings.IndexFunc(whole+fraction, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsDigit(r) }) >= 0 {
		return exponent(text)
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	unit, digits := int64(time.Second), 9
	switch {
	case n >= 1e17:
		unit, digits = 1, 0
	case n >= 1e14:
		unit, digits = int64(time.Microsecond), 3
	case n >= 1e11:
		unit, digits = int64(time.Millisecond), 6
	}
	part, _ := strconv.ParseInt(cmp.Or((fraction + "000000000")[:digits], "0"), 10, 64)
	perSecond := int64(time.Second) / unit
	return time.Unix(n/perSecond, n%perSecond*unit+part), true
}

// exponent reads a number such as 1.7e9.
func exponent(text string) (time.Time, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !strings.ContainsAny(text, "eE") || f < 0 || f > math.MaxInt64/2 {
		return time.Time{}, false
	}
	return epoch(strconv.FormatFloat(f, 'f', 9, 64))
}
