package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// https://docs.aws.amazon.com/firehose/latest/dev/limits.html
const (
	maxRecords = 500
	maxRecord  = 1000 << 10 // the maximum size of a record, before base64
	// maxCall is the maximum size of a request, in base64. That page does not say whether the
	// limit is before or after base64. This is the stricter of the two.
	maxCall = 4 << 20
)

// request is a PutRecordBatch, or a PutRecord.
type request struct {
	DeliveryStreamName *string
	Records            []struct{ Data *[]byte }
	Record             *struct{ Data *[]byte }
}

// exception is an error of the API.
type exception struct {
	status     int
	kind, text string
}

func refuse(kind, format string, args ...any) *exception {
	return &exception{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

func invalid(member, constraint string) *exception {
	return refuse("ValidationException", "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, constraint)
}

// ServeHTTP serves the API of Firehose, in the protocol JSON 1.1.
func (s *Stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, body, wrong := s.read(r)
	var records [][]byte
	if wrong == nil {
		records, wrong = s.check(operation, body)
	}
	if wrong != nil {
		answerError(w, wrong)
		return
	}
	s.mu.Lock()
	s.calls++
	call, closed := s.calls, s.closed
	s.mu.Unlock()
	if closed {
		answerError(w, &exception{http.StatusServiceUnavailable, "ServiceUnavailableException", "The stream is closed."})
		return
	}
	var fault Fault
	if s.cfg.Fault != nil {
		fault = s.cfg.Fault(call, records)
	}
	s.answer(w, r, operation, records, fault)
}

// read reads a request, up to twice the largest size that check accepts.
func (s *Stream) read(r *http.Request) (operation string, body []byte, wrong *exception) {
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/" || kind != "application/x-amz-json-1.1":
		return "", nil, refuse("UnknownOperationException", "")
	case service != "Firehose_20150804" || operation != "PutRecordBatch" && operation != "PutRecord":
		return "", nil, refuse("UnknownOperationException", "")
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") || !strings.Contains(r.Header.Get("Authorization"), "/firehose/aws4_request"):
		return "", nil, refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 2*maxCall))
	if err != nil {
		return "", nil, refuse("SerializationException", "")
	}
	return operation, body, nil
}

// check returns the records of a call, or the exception with which Firehose refuses it.
func (s *Stream) check(operation string, body []byte) ([][]byte, *exception) {
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("SerializationException", "")
	}
	if in.DeliveryStreamName == nil || !name.MatchString(*in.DeliveryStreamName) {
		return nil, invalid("deliveryStreamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	if operation == "PutRecord" {
		if in.Record == nil {
			return nil, invalid("record", "Member must not be null")
		}
		in.Records = append(in.Records[:0], *in.Record)
	}
	switch {
	case len(in.Records) < 1:
		return nil, invalid("records", "Member must have length greater than or equal to 1")
	case len(in.Records) > maxRecords:
		return nil, invalid("records", "Member must have length less than or equal to 500")
	}
	var records [][]byte
	for i, r := range in.Records {
		member := fmt.Sprintf("records.%d.member.data", i+1)
		switch {
		case r.Data == nil:
			return nil, invalid(member, "Member must not be null")
		case len(*r.Data) == 0:
			return nil, refuse("InvalidArgumentException", "Record data is empty")
		case len(*r.Data) > maxRecord:
			return nil, invalid(member, "Member must have length less than or equal to 1024000")
		}
		records = append(records, *r.Data)
	}
	if operation == "PutRecordBatch" && len(body) > maxCall {
		return nil, refuse("InvalidArgumentException", "Records size exceeds 4 MB limit")
	}
	if *in.DeliveryStreamName != s.cfg.Stream {
		return nil, refuse("ResourceNotFoundException", "Firehose %s under account 123456789012 not found.", *in.DeliveryStreamName)
	}
	return records, nil
}

// entry is the answer for a record.
type entry struct {
	RecordID     string `json:"RecordId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// answer adds to the buffer the records that the fault does not affect, and writes the answer.
func (s *Stream) answer(w http.ResponseWriter, r *http.Request, operation string, records [][]byte, fault Fault) {
	if fault.Code != "" {
		status := http.StatusBadRequest
		if fault.Code == "ServiceUnavailableException" {
			status = http.StatusServiceUnavailable
		}
		answerError(w, &exception{status, fault.Code, fault.Message})
		return
	}
	if fault.Hang && !fault.Taken {
		<-r.Context().Done()
		return
	}
	var entries []entry
	failed := 0
	for i, data := range records {
		if slices.Contains(fault.Refuse, i) {
			failed++
			entries = append(entries, entry{ErrorCode: "ServiceUnavailableException", ErrorMessage: "Slow down."})
			continue
		}
		s.take(data)
		entries = append(entries, entry{RecordID: objectName("record", time.Now())})
	}
	if fault.Hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch {
	case fault.Body != "":
		_, _ = io.WriteString(w, fault.Body)
	case operation == "PutRecord" && failed > 0:
		answerError(w, &exception{http.StatusServiceUnavailable, "ServiceUnavailableException", "Slow down."})
	case operation == "PutRecord":
		_ = json.NewEncoder(w).Encode(map[string]any{"RecordId": entries[0].RecordID, "Encrypted": false})
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"FailedPutCount": failed, "Encrypted": false, "RequestResponses": entries})
	}
}

func answerError(w http.ResponseWriter, e *exception) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-ErrorType", e.kind)
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": e.kind, "message": e.text})
}
