package timeline

import (
	"bytes"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxWrappers is how many wrappers are taken off a line, one in another.
const maxWrappers = 4

// unwrapper takes off what log shippers put around a line. It has the line at hand: each wrapper
// that is taken off changes it.
type unwrapper struct {
	reference time.Time
	services  nameTable
	merged    [maxWrappers]fieldMerger
	copied    []byte
	depth     int // of wrappers that are off

	text    []byte
	time    time.Time
	service string
	which   string // of the service's instances
	stream  byte   // which of a container's streams the line is from; 0: not known
	partial bool   // the line goes on with the next one of its stream
}

// wrappers are all that is taken off, by what a line begins with. A line is a wrapper's by what it
// is, never by what a flag says or the lines before it were: sources are mixed. Each function
// takes one wrapper off, and returns false for a line that is none, or only looks like one, which
// it leaves as it is.
var wrappers = [...]struct {
	name  string
	first string   // the bytes that a line of it may begin with
	keys  []string // of an object instead: what its first key may begin with
	off   func(*unwrapper) bool
}{
	{"docker", "", []string{"log", "stream"}, (*unwrapper).docker},
	{"journald", "", strings.Split("_"+upperLetters, ""), (*unwrapper).journald},
	{"stern json", "", []string{"message", "namespace", "pod"}, (*unwrapper).sternJSON},
	{"logcli", "", []string{"labels", "line"}, (*unwrapper).logcli},
	{"gcloud", "", gcloudFirst[:], (*unwrapper).gcloud},
	{"cri", asciiDigits, nil, (*unwrapper).cri},
	{"syslog", "<" + asciiDigits + asciiLetters, nil, (*unwrapper).syslog},
	{"stamp", asciiDigits + escapeByte, nil, (*unwrapper).stamped},
	{"kubectl", "[", nil, (*unwrapper).kubectl},
	{"compose", escapeByte + asciiDigits + asciiLetters, nil, (*unwrapper).compose},
	{"stern", escapeByte + asciiDigits + asciiLetters, nil, (*unwrapper).stern},
}

const (
	asciiDigits  = "0123456789"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	asciiLetters = upperLetters + "abcdefghijklmnopqrstuvwxyz"
	escapeByte   = "\x1B"
)

// wrappersByFirst has a bit for each wrapper that may begin with a byte. wrappersByKey have one for
// each whose first key may have a byte in the first, the second and the third place: "level" and
// "time" are nobody's.
var wrappersByFirst, wrappersByKey = wrapperTables()

func wrapperTables() (first [256]uint16, key [3][256]uint16) {
	for i, w := range wrappers {
		for _, c := range []byte(w.first) {
			first[c] |= 1 << i
		}
		for _, k := range w.keys {
			for place := range key {
				for c := range 256 {
					if place >= len(k) || k[place] == byte(c) {
						key[place][c] |= 1 << i
					}
				}
			}
		}
	}
	return first, key
}

// mayBe returns a bit for each wrapper that text may have.
func mayBe(text []byte) uint16 {
	if len(text) == 0 {
		return 0
	}
	if text[0] != '{' {
		return wrappersByFirst[text[0]]
	}
	i := 1
	for i < len(text) && isJSONSpace(text[i]) {
		i++
	}
	if i+3 >= len(text) || text[i] != '"' {
		return 0 // with so short a key it has nothing in it
	}
	return wrappersByKey[0][text[i+1]] & wrappersByKey[1][text[i+2]] & wrappersByKey[2][text[i+3]]
}

// begin takes a line at hand.
func (u *unwrapper) begin(text []byte) {
	u.text, u.time, u.service, u.which, u.stream, u.depth = text, time.Time{}, "", "", 0, 0
	u.partial = false
}

// next takes the next wrapper off, and reports whether there was one.
func (u *unwrapper) next() bool {
	u.partial, u.stream = false, 0
	if u.depth == maxWrappers {
		return false
	}
	for may := mayBe(u.text); may != 0; may &= may - 1 { // without its last bit
		if wrappers[bits.TrailingZeros16(may)].off(u) {
			u.depth++
			return true
		}
	}
	return false
}

// from says which service the line is from, if name is not empty. A wrapper within knows better.
func (u *unwrapper) from(name []byte) {
	if len(name) > 0 {
		u.service = u.services.of(name)
	}
}

// instance says which of the service's instances the line is from.
func (u *unwrapper) instance(name []byte) { u.which = u.services.of(name) }

// at says when the line was written, if value is a text that is a time.
func (u *unwrapper) at(value []byte) bool {
	if !isJSONText(value) {
		return false
	}
	at, ok := wholeTime(value[1:len(value)-1], u.reference.Location())
	if ok {
		u.time = at
	}
	return ok
}

// nameTable has the names that were seen before, so that a line needs none of its own. What is not
// printable in one is left out.
type nameTable struct{ seen map[string]string }

// maxInterned is how many of them are kept, and maxName how long one may be.
const (
	maxInterned = 1024
	maxName     = 256
)

func (n *nameTable) of(name []byte) string {
	if s, ok := n.seen[string(name)]; ok {
		return s
	}
	if n.seen == nil {
		n.seen = make(map[string]string)
	}
	s := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(name[:min(len(name), maxName)]))
	if len(n.seen) < maxInterned && len(name) <= maxName {
		n.seen[string(name)] = s
	}
	return s
}

// docker takes off what Docker's json-file writes:
//
//	{"log":"…\n","stream":"stdout","time":"2026-11-26T22:46:25.343939123Z"}
//
// Fluent Bit's and Fluentd's lines have the same log and stream, and "kubernetes" beside them.
//
// https://docs.docker.com/engine/logging/drivers/json-file/
func (u *unwrapper) docker() bool {
	if !hasFirstKey(u.text, "log") && !hasFirstKey(u.text, "stream") {
		return false
	}
	var v [4][]byte
	if !jsonValues(u.text, dockerKeys[:], v[:]) || !isJSONText(v[0]) || !isJSONText(v[1]) || len(v[1]) < 3 {
		return false
	}
	if !u.at(v[2]) && v[3] == nil {
		return false
	}
	u.stream = v[1][len(v[1])-2] // of stdout or stderr
	u.from(jsonTextAt(v[3], "container_name", "pod_name"))
	text, _ := jsonText(v[0])
	u.text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	u.partial = len(text) >= dockerPart && text[len(text)-1] != '\n'
	return true
}

// hasFirstKey tells whether an object begins with a key. Docker writes no space before it; what has
// read and written its lines again may.
func hasFirstKey(object []byte, key string) bool {
	h := lineHead{s: object, i: 1}
	h.spaces()
	return h.byte('"') && beginsWith(h.rest(), key) && at(h.rest(), len(key)) == '"'
}

var dockerKeys = [...]string{"log", "stream", "time", "kubernetes"}

// dockerPart is how long the parts are that Docker cuts a long line into, but for the last. Only
// such a one goes on: there are writers of this form that leave the newline away everywhere.
//
// https://github.com/moby/moby/blob/master/daemon/logger/copier.go
const dockerPart = 16 << 10

// cri takes off what the runtimes of Kubernetes write:
//
//	2026-11-26T22:46:25.343939123Z stdout F …
//
// P is a line that goes on, F its end; further tags may follow after colons.
//
// https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
func (u *unwrapper) cri() bool {
	t, ok := shipperStampOf(u.text)
	if !ok {
		return false
	}
	s := u.text[t.length:]
	if !beginsWith(s, " stdout ") && !beginsWith(s, " stderr ") || len(s) < 9 {
		return false
	}
	tag := s[8]
	if tag != 'F' && tag != 'P' {
		return false
	}
	rest := s[9:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[tokenEnd(rest):]
	}
	if len(rest) > 0 && rest[0] != ' ' {
		return false
	}
	u.text = rest[min(1, len(rest)):]
	u.time = t.time(u.reference.Location())
	u.stream = s[6] // of stdout or stderr
	u.partial = tag == 'P'
	return true
}

// stamped takes off a time that stands before a line, and what stands between the two:
//
//	2026-11-26T22:46:25.343939123Z …                 kubectl logs --timestamps, docker logs -t
//	2026-11-26T22:46:25.343000+00:00 stream-name …   aws logs tail
//	2026-11-26T22:46:25 {…}                          aws logs tail --format short
//	2026-11-26T22:46:25Z {app="shop"} …              logcli
//
// Services write times before their lines themselves, and the parser of lines needs these. So the
// time goes only where it has the nine digits that the first two always write, or where what
// follows shows that a shipper wrote it.
func (u *unwrapper) stamped() bool {
	h := lineHead{s: u.text}
	h.colours()
	t, ok := shipperStampOf(h.rest())
	if !ok {
		return false
	}
	h.i += t.length
	h.colours()
	if !h.byte(' ') {
		return false
	}
	var ids idMembers
	switch {
	case t.zone != zoneNone && u.logcliLabels(&h, &ids):
	case t.digits == 9 && t.zone != zoneNone:
	case isBraced(h.rest()):
	case t.zone == zoneOffset && (t.digits == 0 || t.digits == 6) && u.awsStream(&h):
	default:
		return false
	}
	u.time = t.time(u.reference.Location())
	u.text = h.rest()
	u.merge(&ids)
	return true
}

// isBraced reports whether s looks like a JSON object. Only its ends are looked at.
func isBraced(s []byte) bool {
	s = bytes.TrimRight(s, " ")
	return len(s) > 1 && s[0] == '{' && s[len(s)-1] == '}'
}

// logcliLabels goes behind the labels of a line in the form that logcli has without -o:
//
//	{container="shop", trace_id="463ac35c9f6413ad"} …
func (u *unwrapper) logcliLabels(h *lineHead, ids *idMembers) bool {
	next := *h
	if !next.byte('{') {
		return false
	}
	var service []byte
	for more := true; more; more = next.byte(',') {
		next.spaces()
		name := next.until('=')
		start := next.i + 1 // behind =
		if !isContainerName(name) || !next.byte('=') || !next.quoted() {
			return false
		}
		value := next.s[start:next.i]
		ids.add(name, value)
		if service == nil || string(name) == "container" {
			service = serviceLabel(name, value[1:len(value)-1], service)
		}
	}
	if !next.byte('}') || next.spaces() == 0 {
		return false
	}
	u.from(service)
	*h = next
	return true
}

// serviceLabel returns the value of a label if it says which service a line is from, else service.
func serviceLabel(name, value, service []byte) []byte {
	if string(name) == "container" || string(name) == "service_name" || string(name) == "app" {
		return value
	}
	return service
}

// awsStream goes behind the name of a log stream. A word after a time may be anything. So it has
// to have a slash within, as the streams of ECS (prefix/container/task) and Lambda
// (2026/11/26/[$LATEST]…) have, or a JSON object after it.
//
// https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html
func (u *unwrapper) awsStream(h *lineHead) bool {
	next := *h
	next.colours()
	stream := next.word()
	next.colours()
	if len(stream) == 0 || !next.byte(' ') {
		return false
	}
	slash := bytes.IndexByte(stream, '/')
	if slash <= 0 && !isBraced(next.rest()) || bytes.ContainsAny(stream, `="`) {
		return false
	}
	if prefix, rest, ok := bytes.Cut(stream, []byte("/")); ok && len(prefix) > 0 {
		container, task, _ := bytes.Cut(rest, []byte("/"))
		if len(task) == 32 { // of ECS
			stream = container
		}
	}
	u.from(stream)
	*h = next
	return true
}

// kubectl takes off what kubectl logs --prefix writes, and kubetail:
//
//	[pod/shop-7d9f8c6b5-x2x9z/shop] …
//	[shop-7d9f8c6b5-x2x9z shop] …
//
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/
func (u *unwrapper) kubectl() bool {
	end := bytes.Index(u.text[:min(len(u.text), 2*maxName)], []byte("] "))
	if end < 0 {
		return false
	}
	names, prefix := bytes.CutPrefix(u.text[1:end], []byte("pod/"))
	between := "/"
	if !prefix {
		between = " "
	}
	pod, container, two := bytes.Cut(names, []byte(between))
	if prefix && !two || !prefix && !isPod(pod) || !isContainerName(pod) || len(container) > 0 && !isContainerName(container) {
		return false
	}
	u.from(pod)
	u.from(container)
	u.instance(names)
	u.text = u.text[end+2:]
	return true
}

// compose takes off what docker compose logs writes, where it is coloured too:
//
//	shop-1    | …
//
// Compose pads the names to one width, and adds a space. A name ends in the number of its
// container, but for one that its user has chosen. Other people's tables look like that: a name
// without a number is in lower case, and has two spaces after it. What docker service logs writes
// is like it: shop.1.0123456789ab@node    | …
//
// https://github.com/docker/compose/blob/main/cmd/formatter/logs.go
func (u *unwrapper) compose() bool {
	h := lineHead{s: u.text}
	coloured := h.colours() > 0
	name := h.word()
	name, node, swarm := bytes.Cut(name, []byte("@"))
	spaces := h.spaces()
	if swarm && !isContainerName(node) || spaces == 0 || !h.byte('|') || !isContainerName(name) || !slices.ContainsFunc(name, isLetterByte) {
		return false
	}
	reset := h.colours() > 0
	if !h.byte(' ') && len(h.rest()) > 0 {
		return false
	}
	if coloured && !reset {
		h.colour() // and no more: others are the message's
	}
	service := withoutNumber(name)
	if swarm {
		service, _, swarm = bytes.Cut(name, []byte("."))
		if !swarm {
			return false
		}
	}
	if chosen := len(service) == len(name); chosen && (spaces < 2 || isLevelName(name) || hasUpper(name)) {
		return false
	}
	u.from(service)
	u.instance(name)
	u.text = h.rest()
	return true
}

// withoutNumber returns the name of the service that a container is one of: shop of shop-1, and of
// shop_1, as the first Compose has it.
func withoutNumber(name []byte) []byte {
	end := len(bytes.TrimRight(name, asciiDigits))
	if end < 2 || end == len(name) || name[end-1] != '-' && name[end-1] != '_' {
		return name
	}
	return name[:end-1]
}

// stern takes off what stern writes, where it is coloured too, and the namespace before it:
//
//	shop-7d9f8c6b5-x2x9z shop …
//
// Nothing marks it but the names that Kubernetes gives to pods. One of a stateful set has only a
// number, as many things have: it takes a JSON object after it. Behind a namespace the pod takes a
// container of its name after it, for "deleted shop-7d9f8c6b5-x2x9z successfully" is a message.
//
// https://github.com/stern/stern/blob/master/cmd/cmd.go
func (u *unwrapper) stern() bool {
	h := lineHead{s: u.text}
	pod, ok := h.name()
	if !ok {
		return false
	}
	container, ok := h.name()
	if !ok {
		return false
	}
	if !isPod(pod) {
		after := h
		if c, ok := after.name(); ok && isPod(container) && bytes.Contains(container, c) {
			// What was taken for the pod is the namespace.
			container, h = c, after
		} else if bytes.Equal(withoutNumber(pod), pod) || !isBraced(h.rest()) {
			return false
		}
	}
	u.from(container)
	u.instance(h.s[:h.i])
	u.text = h.rest()
	return true
}

// isPod reports whether Kubernetes has given the name to a pod: it ends in five letters and digits
// that can make no word.
//
// https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go
func isPod(name []byte) bool {
	const length = 5
	at := len(name) - length
	if at < 2 || name[at-1] != '-' {
		return false
	}
	for _, c := range name[at:] {
		if bytes.IndexByte([]byte("bcdfghjklmnpqrstvwxz2456789"), c) < 0 {
			return false
		}
	}
	return true
}

// sternJSON takes off what stern -o json and -o extjson write:
//
//	{"message":"…","nodeName":"n1","namespace":"prod","podName":"shop-x2x9z","containerName":"shop"}
//	{"pod": "shop-x2x9z", "container": "shop", "message": …}
func (u *unwrapper) sternJSON() bool {
	long := beginsWith(u.text, `{"message":`) && bytes.Contains(u.text, []byte(`"podName":`))
	if !long && !beginsWith(u.text, `{"pod":`) && !beginsWith(u.text, `{"namespace":`) {
		return false
	}
	var v [5][]byte
	if !jsonValues(u.text, sternKeys[:], v[:]) || v[0] == nil {
		return false
	}
	pod, container := v[1], v[2]
	if !long {
		pod, container = v[3], v[4]
	}
	if !isJSONText(pod) || !isJSONText(container) {
		return false
	}
	u.text = v[0] // an object, with extjson
	if text, ok := jsonText(v[0]); ok {
		u.text = bytes.TrimSuffix(text, []byte("\n"))
	}
	name, _ := jsonText(container)
	u.from(name)
	name, _ = jsonText(pod)
	u.instance(name)
	return true
}

var sternKeys = [...]string{"message", "podName", "containerName", "pod", "container"}

// logcli takes off what logcli -o jsonl writes:
//
//	{"labels":{"app":"shop"},"line":"…","timestamp":"2026-11-26T22:46:25.343939123Z"}
//
// IDs may stand among the labels, where Loki has got them as structured metadata.
//
// https://github.com/grafana/loki/blob/main/pkg/logcli/output/jsonl.go
func (u *unwrapper) logcli() bool {
	if !beginsWith(u.text, `{"labels":`) && !beginsWith(u.text, `{"line":`) {
		return false
	}
	var v [3][]byte
	if !jsonValues(u.text, logcliKeys[:], v[:]) || !isJSONText(v[1]) || !u.at(v[2]) {
		return false
	}
	ids := idsOf(v[0])
	u.text, _ = jsonText(v[1])
	u.merge(&ids)
	u.from(jsonTextAt(v[0], "container", "container_name", "service_name", "app", "pod", "job"))
	return true
}

var logcliKeys = [...]string{"labels", "line", "timestamp"}

// journald takes off what journalctl -o json writes. MESSAGE is a text, or an array of bytes where
// it is not all text; null where it is too long for journalctl without --all: such a line stays as
// it is. IDs may be fields of their own, and zerolog puts the whole line into JSON.
//
// https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
// https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format
func (u *unwrapper) journald() bool {
	var v [len(journaldKeys)][]byte
	if !jsonValues(u.text, journaldKeys[:], v[:]) || !isJSONText(v[1]) {
		return false
	}
	microseconds, ok := wholeNumber(v[1][1 : len(v[1])-1])
	if !ok {
		return false
	}
	ids := idsOf(u.text) // before anything is decoded within
	message, ok := journalText(v[0])
	if !ok {
		return false
	}
	u.time = time.UnixMicro(microseconds).UTC()
	u.text = bytes.TrimSuffix(message, []byte("\n"))
	u.partial = string(v[2]) == `"true"`
	u.stream = 'j'
	if isJSONText(v[3]) {
		u.stream = v[3][1] // by its level standard error is another than standard output
	}
	if line, ok := jsonText(v[4]); ok && isBraced(bytes.TrimSuffix(line, []byte("\n"))) {
		u.text = bytes.TrimSuffix(line, []byte("\n"))
	} else {
		u.merge(&ids)
	}
	if pid, ok := jsonText(v[5]); ok {
		u.instance(pid)
	}
	for _, name := range v[6:] {
		if name, ok := jsonText(name); ok && len(name) > 0 {
			u.from(bytes.TrimSuffix(name, []byte(".service")))
			break
		}
	}
	return true
}

// The last ones are the service's name, best first. Docker's unit is that of all its containers.
var journaldKeys = [...]string{"MESSAGE", "__REALTIME_TIMESTAMP", "CONTAINER_PARTIAL_MESSAGE", "PRIORITY", "JSON", "_PID",
	"CONTAINER_NAME", "_SYSTEMD_USER_UNIT", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM"}

// journalText returns the text of a field. One of bytes is decoded where it stands.
func journalText(value []byte) (text []byte, ok bool) {
	if isJSONText(value) {
		return jsonText(value)
	}
	if len(value) < 2 || value[0] != '[' || !areBytes(value) {
		return nil, false
	}
	text = value[:0]
	n := 0
	for _, c := range value[1:] {
		switch {
		case isDigitByte(c):
			n = n*10 + int(c-'0')
		case c == ',' || c == ']':
			text = append(text, byte(n))
			n = 0
		}
	}
	return text, true
}

// areBytes reports whether value is an array of numbers that are bytes, and not empty.
func areBytes(value []byte) bool {
	items := value[1 : len(value)-1]
	for more := true; more; {
		var item []byte
		item, items, more = bytes.Cut(items, []byte(","))
		if n, ok := wholeNumber(bytes.Trim(item, " \t")); !ok || n > 255 {
			return false
		}
	}
	return true
}

// wholeNumber returns the number that the digits of s are.
func wholeNumber(s []byte) (n int64, ok bool) {
	const longest = 18 // of what fits
	if len(s) == 0 || len(s) > longest {
		return 0, false
	}
	for _, c := range s {
		if !isDigitByte(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
