package zipkin

import (
	"strconv"

	"example.com/clew/internal/redact"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// appendAnnotations appends events as annotations. The text of an annotation is the event's name,
// followed by the event's attributes as a JSON object, if there are any.
func appendAnnotations(dst []byte, events []sdktrace.Event) []byte {
	opening := `,"annotations":[`
	for _, event := range events {
		at := event.Time.UnixMicro()
		if at <= 0 {
			continue
		}
		dst = append(dst, opening...)
		opening = ","
		dst = append(dst, `{"timestamp":`...)
		dst = strconv.AppendInt(dst, at, 10)
		dst = append(dst, `,"value":`...)
		dst = append(appendText(dst, eventText(event)), '}')
	}
	if opening == "," {
		dst = append(dst, ']')
	}
	return dst
}

func eventText(event sdktrace.Event) string {
	var t tags
	for _, kv := range event.Attributes {
		t.attribute(kv)
	}
	name := redact.Text(event.Name)
	if !t.begun {
		return name
	}
	return name + ": {" + string(t.end()[len(tagsOpening):])
}
