package timeline

import "bytes"

// gcloud removes the wrapper of gcloud logging read --format=json. The command prints an array of
// entries, which the splitter cuts into objects. A sink to Cloud Storage writes one object on each
// line.
//
//	{"insertId":"…","jsonPayload":{…},"logName":"…","resource":{…},"timestamp":"…","trace":"…"}
//
// Google's agents take the fields that they know out of a service's line, and put them into the
// entry (https://cloud.google.com/logging/docs/structured-logging#special-payload-fields). The
// function puts these fields back into the line, under their former names. All other fields of the
// entry follow, so that nothing is lost. If the line already has a field of the same name, the
// name of the entry's field begins with "logEntry.".
//
// https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
func (u *unwrapper) gcloud() bool {
	if !mayBeLogEntry(u.text) {
		return false
	}
	var v [len(gcloudKeys)][]byte
	if !jsonValues(u.text, gcloudKeys[:], v[:]) || !isJSONText(v[0]) || v[2] == nil || !u.at(v[1]) {
		return false
	}
	m := &u.merged[u.depth]
	payload := v[3]
	switch {
	case isJSONText(v[4]):
		// Decode a copy, because the entry is read once more below.
		u.copied = append(u.copied[:0], v[4]...)
		payload, _ = jsonText(u.copied)
		m.begin(bytes.TrimSuffix(payload, []byte("\n")))
	case len(payload) > 0 && payload[0] == '{':
		m.begin(payload)
	default:
		m.beginObject()
	}
	m.addEntry(u.text, payload)
	u.gcloudService(v[2])
	u.text = m.end()
	return true
}

var gcloudKeys = [...]string{"logName", "timestamp", "resource", "jsonPayload", "textPayload"}

// gcloudFirst are the keys that may come first in an entry. gcloud sorts the keys.
var gcloudFirst = [...]string{
	"insertId", "httpRequest", "jsonPayload", "textPayload", "protoPayload", "logName", "labels", "apphub", "errorGroups",
}

// gcloudNames are the names of an entry's fields, each with the name that the field has in a line.
var gcloudNames = [...][2]string{
	{"trace", "logging.googleapis.com/trace"},
	{"spanId", "logging.googleapis.com/spanId"},
	{"traceSampled", "logging.googleapis.com/trace_sampled"},
	{"insertId", "logging.googleapis.com/insertId"},
	{"labels", "logging.googleapis.com/labels"},
	{"operation", "logging.googleapis.com/operation"},
	{"sourceLocation", "logging.googleapis.com/sourceLocation"},
	{"timestamp", "time"},
	{"severity", "severity"},
	{"httpRequest", "httpRequest"},
	{"logName", "logName"},
	{"receiveTimestamp", "receiveTimestamp"},
	{"resource", "resource"},
}

// lineNames are the second names of gcloudNames.
var lineNames = func() (names [len(gcloudNames)]string) {
	for i, n := range gcloudNames {
		names[i] = n[1]
	}
	return names
}()

// mayBeLogEntry reports whether an object begins with a key of an entry.
func mayBeLogEntry(text []byte) bool {
	h := lineHead{s: text, i: 1}
	for h.i < len(text) && isJSONSpace(text[h.i]) {
		h.i++
	}
	if !h.byte('"') {
		return false
	}
	for _, key := range gcloudFirst {
		if beginsWith(h.ahead(), key) && at(h.ahead(), len(key)) == '"' {
			return true
		}
	}
	return false
}

// addEntry adds the fields of an entry, except its payload.
func (m *fieldMerger) addEntry(entry, payload []byte) {
	var taken [len(lineNames)][]byte
	if len(payload) > 0 && payload[0] == '{' {
		jsonValues(payload, lineNames[:], taken[:])
	}
	o := objectOf(entry)
	for name, value, more := o.next(); more; name, value, more = o.next() {
		if string(name) == "jsonPayload" || string(name) == "textPayload" {
			continue
		}
		prefix := ""
		for i, n := range gcloudNames {
			if string(name) != n[0] {
				continue
			}
			if taken[i] != nil {
				prefix = "logEntry."
			} else {
				prefix, name = n[1], nil
			}
			break
		}
		m.add(prefix, name, value)
	}
}

// gcloudService sets the service of an entry: the container in Kubernetes, or the service of Cloud
// Run, App Engine or Functions.
func (u *unwrapper) gcloudService(resource []byte) {
	var labels [1][]byte
	if len(resource) > 0 && resource[0] == '{' && jsonValues(resource, []string{"labels"}, labels[:]) {
		u.from(jsonTextAt(labels[0], "container_name", "service_name", "module_id", "function_name", "job_name", "pod_name"))
	}
}
