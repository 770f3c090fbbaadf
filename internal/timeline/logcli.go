package timeline

// logcli removes the wrapper of logcli -o jsonl:
//
//	{"labels":{"app":"shop"},"line":"…","timestamp":"2026-11-26T22:46:25.343939123Z"}
//
// The labels contain IDs if Loki got the IDs as structured metadata.
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

// logcliLabels moves past the labels of a line from logcli without -o:
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

// serviceLabel returns the value of a label, if the label names the service. For any other label,
// it returns the argument service.
func serviceLabel(name, value, service []byte) []byte {
	if string(name) == "container" || string(name) == "service_name" || string(name) == "app" {
		return value
	}
	return service
}
