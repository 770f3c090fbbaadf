package fake

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// prefix is a custom prefix of objects. Each function returns one piece of the prefix. The rules
// are at https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
type prefix []func(at time.Time) string

// parsePrefixes checks the two prefixes of a stream, and returns the first one parsed. The
// argument objects is the Prefix, and the argument failed is the ErrorOutputPrefix. If a prefix
// breaks a rule of Firehose, the error names that rule.
func parsePrefixes(objects, failed string) (prefix, error) {
	if strings.Contains(objects, "!{firehose:error-output-type}") {
		return nil, errors.New("the Prefix can't contain !{firehose:error-output-type}")
	}
	p, expressions, err := parsePrefix(objects)
	if err != nil {
		return nil, fmt.Errorf("the Prefix: %w", err)
	}
	if failed == "" && expressions {
		return nil, errors.New("the ErrorOutputPrefix can't be null or empty when Prefix contains expressions")
	}
	errorPrefix, inError, err := parsePrefix(strings.ReplaceAll(failed, "!{firehose:error-output-type}", "processing-failed"))
	if err != nil {
		return nil, fmt.Errorf("the ErrorOutputPrefix: %w", err)
	}
	if (inError || strings.Contains(failed, "!{")) && !strings.Contains(failed, "!{firehose:error-output-type}") {
		return nil, errors.New("the ErrorOutputPrefix needs !{firehose:error-output-type} when it contains expressions")
	}
	for _, each := range []prefix{p, errorPrefix} {
		if len(each.expand(time.Now())) > 512 {
			return nil, errors.New("a prefix has more than 512 characters after it is evaluated")
		}
	}
	if !expressions {
		p = append(p, timestamp("yyyy/MM/dd/HH/").must())
	}
	return p, nil
}

func parsePrefix(text string) (p prefix, expressions bool, err error) {
	for text != "" {
		literal, rest, found := strings.Cut(text, "!{")
		p = append(p, func(time.Time) string { return literal })
		if !found {
			break
		}
		expression, after, closed := strings.Cut(rest, "}")
		namespace, value, colon := strings.Cut(expression, ":")
		if !closed || !colon {
			return nil, false, errors.New("the sequence !{ can only appear in !{namespace:value}")
		}
		piece, err := parseExpression(namespace, value)
		if err != nil {
			return nil, false, err
		}
		p, text, expressions = append(p, piece), after, true
	}
	return p, expressions, nil
}

func parseExpression(namespace, value string) (func(time.Time) string, error) {
	switch {
	case namespace == "timestamp":
		return timestamp(value).parse()
	case namespace == "firehose" && value == "random-string":
		return func(time.Time) string { return strings.ToLower(rand.Text()[:11]) }, nil
	case strings.HasPrefix(namespace, "partitionKeyFrom"):
		return nil, fmt.Errorf("%s needs dynamic partitioning", namespace)
	}
	return nil, fmt.Errorf("!{%s:%s} is unknown", namespace, value)
}

func (p prefix) expand(at time.Time) string {
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(piece(at.UTC()))
	}
	return b.String()
}

// timestamp is a pattern of Java's DateTimeFormatter.
type timestamp string

func (t timestamp) must() func(time.Time) string {
	f, err := t.parse()
	if err != nil {
		panic(err)
	}
	return f
}

func (t timestamp) parse() (func(time.Time) string, error) {
	var all prefix
	literal := func(s string) { all = append(all, func(time.Time) string { return s }) }
	for p := string(t); p != ""; {
		c := p[0]
		n := len(p) - len(strings.TrimLeft(p, string(c)))
		switch {
		case c == '\'':
			quoted, rest, closed := strings.Cut(p[1:], "'")
			if !closed {
				return nil, fmt.Errorf("a quote of %q is not closed", string(t))
			}
			if quoted == "" {
				quoted = "'"
			}
			literal(quoted)
			p = rest
			continue
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			field, known := fields[c]
			if !known || n > 4 {
				return nil, fmt.Errorf("the fake knows no %q of DateTimeFormatter", p[:n])
			}
			all = append(all, func(at time.Time) string { return pad(field(at), n, c) })
		case strings.IndexByte("{}[]#", c) >= 0:
			return nil, fmt.Errorf("%q is reserved", c)
		default:
			literal(p[:n])
		}
		p = p[n:]
	}
	return all.expand, nil
}

var fields = map[byte]func(time.Time) int{
	'y': time.Time.Year, 'u': time.Time.Year,
	'M': func(t time.Time) int { return int(t.Month()) },
	'd': time.Time.Day, 'D': time.Time.YearDay,
	'H': time.Time.Hour, 'm': time.Time.Minute, 's': time.Time.Second,
}

func pad(value, width int, letter byte) string {
	if width == 2 && (letter == 'y' || letter == 'u') {
		value %= 100
	}
	text := strconv.Itoa(value)
	return strings.Repeat("0", max(0, width-len(text))) + text
}
