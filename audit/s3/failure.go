package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// failure is an error of a request. Its text quotes the server, in characters that a terminal can
// show. It contains no URL, because the URL of a presigned request, or of an endpoint with a
// password, is a credential.
type failure struct {
	what string
	err  error
	gone bool // the file does not exist, or was replaced after it was opened
}

func (f *failure) Error() string { return "s3: " + f.what + ": " + describe(f.err) }

// Unwrap returns the SDK's error.
func (f *failure) Unwrap() error { return f.err }

// Is reports that the error is fs.ErrNotExist if the file is gone.
func (f *failure) Is(target error) bool { return target == fs.ErrNotExist && f.gone }

// failed returns err as a failure, with the verb and the file in its text.
func (s *Store) failed(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{what: verb + " " + s.url + "/" + name, err: err}
}

// notRead returns err as the failure of a read. If the file is gone, the failure is also
// fs.ErrNotExist.
func (s *Store) notRead(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{what: verb + " " + s.url + "/" + name, err: err, gone: isGone(err)}
}

func describe(err error) string {
	var api smithy.APIError
	var inURL *url.Error
	var operation *smithy.OperationError
	status := statusOf(err)
	switch {
	case errors.As(err, &api):
		text := api.ErrorCode()
		if message := api.ErrorMessage(); message != "" && message != text {
			text += ": " + message
		}
		if status != 0 {
			text = fmt.Sprintf("%d %s", status, text)
		}
		return clean(text) + elsewhere(err)
	case errors.Is(err, errSlow), errors.Is(err, errLost):
		return clean(lastOf(err))
	case errors.Is(err, context.Canceled):
		return context.Canceled.Error()
	case errors.As(err, &inURL):
		return clean(inURL.Err.Error())
	case errors.As(err, &operation):
		return clean(operation.Err.Error())
	}
	return clean(err.Error())
}

func lastOf(err error) string {
	if errors.Is(err, errLost) {
		return errLost.Error()
	}
	return errSlow.Error()
}

// elsewhere returns a text that names the bucket's region, or "" if the server's answer does not
// name it.
func elsewhere(err error) string {
	var resp *awshttp.ResponseError
	if !errors.As(err, &resp) || resp.Response == nil || resp.Response.StatusCode != http.StatusMovedPermanently {
		return ""
	}
	if region := resp.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
		return clean("; the bucket is in the region " + region)
	}
	return ""
}

// credentials matches a text before an @. An endpoint may contain a password, and an error may
// quote the endpoint. The endpoint may be malformed, so the pattern also matches text that is not
// a URL.
var credentials = regexp.MustCompile(`(?s)(\S*://.*|\S*)@`)

// clean returns a text of another program in a form for our errors: short, without credentials,
// and with blanks for unprintable characters.
func clean(text string) string {
	const most = 300
	text = credentials.ReplaceAllLiteralString(text, "…@")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func statusOf(err error) int {
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil {
		return resp.HTTPStatusCode()
	}
	return 0
}

func isCode(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode() == code {
			return true
		}
	}
	return false
}

// isGone reports whether the object does not exist, or is not the version that was requested. If
// the bucket does not exist, isGone returns false, because that is a mistake in the configuration,
// and does not mean that the file was merged.
func isGone(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound:
		return !isCode(err, "NoSuchBucket", "NoSuchUpload")
	case http.StatusPreconditionFailed:
		return true
	}
	return false
}

func isPrecondition(err error) bool { return statusOf(err) == http.StatusPreconditionFailed }

var errNoETags = &refusal{"the server sends no ETags"}
