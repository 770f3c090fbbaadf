package rules_test

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"example.com/clew/audit/filter/internal/rules"
)

// FuzzParse asserts that no file makes Parse panic, that the filters it returns are complete, and
// that its errors cannot harm a terminal.
func FuzzParse(f *testing.F) {
	for _, c := range good {
		f.Add([]byte(c.yaml))
	}
	for _, c := range bad {
		f.Add([]byte(c.yaml))
	}
	for _, c := range expirations {
		f.Add([]byte("name: a\nexpiration: " + c.text + "\njs: x"))
	}
	f.Add([]byte("\u2028\u2028D# \u2028\u2028"))
	ends := regexp.MustCompile("[\n\r\u0085\u2028\u2029]") // the line ends of YAML 1.1
	f.Fuzz(func(t *testing.T, text []byte) {
		defs, errs := rules.Parse(text)
		if len(defs)+len(errs) > rules.MaxFilters+1 {
			t.Fatalf("%d filters and %d errors are more than a file can have", len(defs), len(errs))
		}
		names := map[string]bool{}
		lines := len(ends.FindAll(text, -1)) + 1
		for _, d := range defs {
			if d.Name == "" || d.Script == "" || !utf8.ValidString(d.Name+d.Script) || names[d.Name] {
				t.Fatalf("filter %+v of %q is incomplete or a duplicate", d, text)
			}
			if d.Line < 1 || !d.Expires.IsZero() && (d.Expires.Year() < 1970 || d.Expires.Year() > 9999) {
				t.Fatalf("filter %+v of %q has an impossible line or expiration", d, text)
			}
			if _, err := d.Expires.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
			names[d.Name] = true
		}
		for _, err := range errs {
			if text := err.Error(); rules.Printable(text) != text && len(text) < 500 {
				t.Fatalf("error text %q is not printable", text)
			}
			if err.Line > lines+1 {
				t.Errorf("an error is at line %d of a file of %d lines: %v of %q", err.Line, lines, err, text)
			}
		}
	})
}
