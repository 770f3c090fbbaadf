package zipkin_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// These are the rules for each field, from Zipkin's OpenAPI schema (openzipkin/zipkin-api,
// zipkin2-api.yaml) and its descriptions. A field without a rule must not be written.
var (
	spanFields = fieldRules{
		"traceId":        {required: true, check: matches(`^([0-9a-f]{16}|[0-9a-f]{32})$`)},
		"id":             {required: true, check: matches(`^[0-9a-f]{16}$`)},
		"parentId":       {check: matches(`^[0-9a-f]{16}$`)},
		"kind":           {check: matches(`^(CLIENT|SERVER|PRODUCER|CONSUMER)$`)},
		"name":           {check: lowerCase},
		"timestamp":      {check: integer(1, 1<<63-1)},
		"duration":       {check: integer(1, 1<<63-1)},
		"debug":          {check: isTrue},
		"localEndpoint":  {required: true, check: endpointFields.check},
		"remoteEndpoint": {check: endpointFields.check},
		"annotations":    {check: each(annotationFields.check)},
		"tags":           {check: texts},
	}
	endpointFields = fieldRules{
		"serviceName": {check: lowerCase},
		"ipv4":        {check: address(netip.Addr.Is4)},
		"ipv6":        {check: address(netip.Addr.Is6)},
		"port":        {check: integer(1, 65535)},
	}
	annotationFields = fieldRules{
		"timestamp": {required: true, check: integer(1, 1<<63-1)},
		"value":     {required: true, check: text},
	}
)

type fieldRules map[string]struct {
	required bool
	check    func(any) error
}

func (rules fieldRules) check(v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%T is no object", v)
	}
	if len(object) == 0 {
		return errors.New("an empty object")
	}
	for name, value := range object {
		rule, known := rules[name]
		if !known {
			return fmt.Errorf("%s: no such field", name)
		}
		if err := rule.check(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, rule := range rules {
		if _, there := object[name]; rule.required && !there {
			return fmt.Errorf("%s: missing", name)
		}
	}
	return nil
}

func text(v any) error {
	s, ok := v.(string)
	switch {
	case !ok:
		return fmt.Errorf("%T is no string", v)
	case !utf8.ValidString(s):
		return errors.New("not UTF-8")
	}
	return nil
}

func lowerCase(v any) error {
	if err := text(v); err != nil {
		return err
	}
	if s := v.(string); s == "" || strings.ToLower(s) != s {
		return fmt.Errorf("%q is empty, or not in lower case", s)
	}
	return nil
}

func matches(pattern string) func(any) error {
	re := regexp.MustCompile(pattern)
	return func(v any) error {
		if err := text(v); err != nil {
			return err
		}
		if s := v.(string); !re.MatchString(s) || strings.Trim(s, "0") == "" {
			return fmt.Errorf("%q is all zeros, or does not match %s", s, pattern)
		}
		return nil
	}
}

func integer(least, most int64) func(any) error {
	return func(v any) error {
		number, ok := v.(json.Number)
		if !ok {
			return fmt.Errorf("%T is no number", v)
		}
		if n, err := number.Int64(); err != nil || n < least || n > most {
			return fmt.Errorf("%s is not between %d and %d", number, least, most)
		}
		return nil
	}
}

func isTrue(v any) error {
	if v != true {
		return fmt.Errorf("%v is not true: leave the field out instead", v)
	}
	return nil
}

func address(is func(netip.Addr) bool) func(any) error {
	return func(v any) error {
		if err := text(v); err != nil {
			return err
		}
		addr, err := netip.ParseAddr(v.(string))
		if err != nil || !is(addr) || addr.Is4In6() || addr.Zone() != "" || addr.String() != v.(string) {
			return fmt.Errorf("%q is no IP address of this version in its usual form", v)
		}
		return nil
	}
}

func each(check func(any) error) func(any) error {
	return func(v any) error {
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return fmt.Errorf("%v is no list, or an empty list", v)
		}
		for _, item := range list {
			if err := check(item); err != nil {
				return err
			}
		}
		return nil
	}
}

func texts(v any) error {
	object, ok := v.(map[string]any)
	if !ok || len(object) == 0 {
		return fmt.Errorf("%v is no object, or an empty object", v)
	}
	for key, value := range object {
		if err := errors.Join(text(key), text(value)); err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
	}
	return nil
}

// unique returns an error if an object in text has the same key twice, because readers disagree
// about which of the two counts.
func unique(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	type level struct {
		keys  map[string]bool // nil in a list
		value bool            // the next token is the value of a key
	}
	levels := []level{{}}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		top := &levels[len(levels)-1]
		if key, ok := token.(string); ok && top.keys != nil && !top.value {
			if top.keys[key] {
				return fmt.Errorf("key %q is there twice", key)
			}
			top.keys[key], top.value = true, true
			continue
		}
		top.value = false
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{keys: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}

// checkList returns an error if body is not a list of spans by Zipkin's schema.
func checkList(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8")
	}
	if err := unique(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var list []any
	if err := d.Decode(&list); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more text after the list")
	}
	return each(spanFields.check)(list)
}

func TestSchemaCheckFinds(t *testing.T) {
	const good = `{"traceId":"463ac35c9f6413ad","id":"a2fb4a1d1a96d312","localEndpoint":{"serviceName":"s"}`
	assert.NoError(t, checkList([]byte("["+good+"}]")), "good")
	for _, bad := range []string{
		`[]`, `{}`, `[` + good + `}`, `[` + good + `}][]`, `[` + good + `},]`,
		`[` + good + `,"id":"a2fb4a1d1a96d312"}]`,
		`[` + good + `,"name":"GET"}]`,
		`[` + good + `,"name":""}]`,
		`[` + good + `,"name":"` + "\xff" + `"}]`,
		`[` + good + `,"parentId":"0000000000000000"}]`,
		`[` + good + `,"parentId":"A2FB4A1D1A96D312"}]`,
		`[` + good + `,"kind":"INTERNAL"}]`,
		`[` + good + `,"duration":0}]`, `[` + good + `,"duration":1.5}]`, `[` + good + `,"timestamp":-1}]`,
		`[` + good + `,"debug":false}]`, `[` + good + `,"debug":"true"}]`,
		`[` + good + `,"remoteEndpoint":{}}]`,
		`[` + good + `,"remoteEndpoint":{"ipv4":"::1"}}]`, `[` + good + `,"remoteEndpoint":{"ipv6":"::ffff:127.0.0.1"}}]`,
		`[` + good + `,"remoteEndpoint":{"port":0}}]`, `[` + good + `,"remoteEndpoint":{"port":65536}}]`,
		`[` + good + `,"annotations":[]}]`, `[` + good + `,"annotations":[{"value":"v"}]}]`,
		`[` + good + `,"tags":{}}]`, `[` + good + `,"tags":{"a":1}}]`, `[` + good + `,"tags":{"a":"1","a":"2"}}]`,
		`[` + good + `,"other":1}]`,
		`[{"id":"a2fb4a1d1a96d312","localEndpoint":{"serviceName":"s"}}]`,
		`[{"traceId":"463ac35c9f6413a","id":"a2fb4a1d1a96d312","localEndpoint":{"serviceName":"s"}}]`,
		`[{"traceId":"463ac35c9f6413ad","id":"a2fb4a1d1a96d312"}]`,
	} {
		assert.Error(t, checkList([]byte(bad)), bad)
	}
}
