package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// record fills g with the fields of a record. The result is false for a record that Parse must
// read, because the record lacks a field or has keys that are not ours.
func (q *quickLine) record(g *Glance) bool {
	message := partMessage
	if q.values[partMessage].end == 0 {
		message = partMsg
	} else if q.values[partMsg].end > 0 {
		return false
	}
	said := q.get(message)
	if len(said) > maxRecord { // longer messages would be copied in vain
		return true
	}
	is := recordOf(string(said))
	if is == 0 {
		return true
	}
	if q.theirs || q.loose || !q.values[message].text {
		return false
	}
	g.Record = records[is]
	switch g.Record {
	case line.MessageRequest:
		return q.request(g)
	case line.MessageCall:
		return q.call(g)
	default:
		g.Route = q.share(line.Job)
		return q.has(line.Job) && q.values[line.ParentID].end == 0 && q.duration(g)
	}
}

const maxRecord = max(len(line.MessageRequest), len(line.MessageCall), len(line.MessageJob))

func (q *quickLine) share(k line.Key) string { return q.parser.texts.share(q.get(part(k))) }

// path returns the path of a request or a call. Most paths occur only once, so many of them share
// one piece of memory.
func (q *quickLine) path() string {
	path, all := q.get(part(line.Path)), &q.parser.paths
	if len(path) > maxPath {
		return string(path)
	}
	if all.Cap()-all.Len() < len(path) {
		all.Reset()
		all.Grow(16 * maxPath)
	}
	from := all.Len()
	all.Write(path)
	return all.String()[from:]
}

// maxPath is the longest path that shares memory with others.
const maxPath = 256

func (q *quickLine) request(g *Glance) bool {
	if !q.has(line.Method) || !q.has(line.Path) || !q.has(line.Remote) || q.values[line.Bytes].text || q.values[line.Route].end > 0 && !q.has(line.Route) {
		return false
	}
	if _, ok := whole(q.get(part(line.Bytes))); !ok {
		return false
	}
	g.Method = q.share(line.Method)
	if g.Route = q.share(line.Route); g.Route == "" {
		g.Route = q.path()
	}
	return q.values[line.Status].end > 0 && q.status(g) && q.duration(g)
}

func (q *quickLine) call(g *Glance) bool {
	if !q.has(line.Method) || !q.has(line.Host) || q.values[line.Path].end > 0 && !q.has(line.Path) {
		return false
	}
	g.Method, g.Route = q.share(line.Method), q.path()
	if q.values[line.Path].end == 0 && q.values[line.Status].end > 0 {
		return false
	}
	return q.status(g) && q.duration(g)
}

// status sets the status, if there is one.
func (q *quickLine) status(g *Glance) bool {
	v := q.values[line.Status]
	if v.end == 0 {
		return true
	}
	n, ok := whole(q.get(part(line.Status)))
	g.Status = int(n)
	return ok && !v.text
}

// whole returns the value of 1 to 18 digits. The result is false for anything else.
func whole(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 || digitsEnd(b, 0) != len(b) {
		return 0, false
	}
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// duration sets the duration.
func (q *quickLine) duration(g *Glance) (ok bool) {
	g.Duration, ok = q.milliseconds(line.Duration)
	return ok
}

// milliseconds reads a number of milliseconds with up to six decimals.
func (q *quickLine) milliseconds(k line.Key) (d time.Duration, ok bool) {
	b := q.get(part(k))
	end := digitsEnd(b, 0)
	if q.values[k].text {
		return 0, false
	}
	ms, ok := whole(b[:end])
	if !ok || end > 12 || end < len(b) && b[end] != '.' || len(b) > end+7 {
		return 0, false
	}
	d = time.Duration(ms) * time.Millisecond
	unit := int64(time.Millisecond) / 10
	for _, c := range b[min(end+1, len(b)):] {
		d += time.Duration(int64(c-'0') * unit)
		unit /= 10
	}
	return d, true
}
