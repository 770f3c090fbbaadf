package firehose

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/smithy-go"
)

// refusal says why Firehose has not taken records.
type refusal struct {
	why       string
	retry     bool // another attempt may succeed later
	throttled bool // the stream's quota is exceeded, or Firehose is overloaded
}

var (
	throttles  = retry.IsErrorThrottles(retry.DefaultThrottles)
	retryables = retry.IsErrorRetryables(retry.DefaultRetryables)
)

// refusalOf returns the refusal for a call that failed with err.
func refusalOf(err error) *refusal {
	r := &refusal{why: textOf(err)}
	var unavailable *types.ServiceUnavailableException
	r.throttled = throttles.IsErrorThrottle(err) == aws.TrueTernary || errors.As(err, &unavailable)
	// The SDK would not retry a call that was not answered in time, because the context of the
	// call has ended.
	r.retry = r.throttled || retryables.IsErrorRetryable(err) == aws.TrueTernary || errors.Is(err, context.DeadlineExceeded)
	var api smithy.APIError
	if errors.As(err, &api) {
		r.why = answer(api.ErrorCode(), api.ErrorMessage())
	}
	return r
}

// userinfo matches the user and password in front of the host of a URL.
var userinfo = regexp.MustCompile(`[^\s"]*@`)

// textOf returns the text of an error of the SDK for a log line. It hides user names and
// passwords, because such texts contain URLs, including those of proxies.
func textOf(err error) string { return printable(userinfo.ReplaceAllString(err.Error(), "…@")) }

// recordRefusal returns the refusal of one record of a call. Another attempt may succeed, because
// the only codes for a record are ServiceUnavailableException and InternalFailure:
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatchResponseEntry.html
func recordRefusal(r types.PutRecordBatchResponseEntry) *refusal {
	code := aws.ToString(r.ErrorCode)
	return &refusal{
		why:       answer(code, aws.ToString(r.ErrorMessage)),
		retry:     true,
		throttled: code == (&types.ServiceUnavailableException{}).ErrorCode(),
	}
}

// answer returns the error of Firehose for a log line. It leaves out a message about a wrong
// signature, because that message repeats the request's headers, and the header
// x-amz-security-token is a credential.
func answer(code, message string) string {
	if strings.Contains(code, "Signature") || strings.Contains(strings.ToLower(message), "x-amz-security-token") {
		return printable(code)
	}
	return printable(code + ": " + message)
}

// printable returns text for a log line: at most some 500 bytes, without characters that a
// terminal may obey.
func printable(text string) string {
	const most = 500
	text = strings.ToValidUTF8(text, "\uFFFD")
	var b strings.Builder
	for _, r := range text {
		if b.Len() >= most {
			b.WriteString("…")
			break
		}
		if r < ' ' || r == 0x7f || r >= 0x80 && commands(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// The method of returns the error of a Send that has ended with this refusal.
func (r *refusal) of(s *Sink, ctx context.Context) error {
	err := fmt.Errorf("firehose: stream %s: PutRecordBatch: %s", s.stream, r.why)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w; given up: %w", err, cause)
	}
	return err
}
