/** Requests that the account of the launcher must not be able to make. */
const NAMESPACE = '/apis/batch/v1/namespaces/rlcd';
const PODS = '/api/v1/namespaces/rlcd/pods';

export const FORBIDDEN = [
  ['GET', `${NAMESPACE}/cronjobs`],
  ['GET', `${NAMESPACE}/cronjobs/another`],
  ['DELETE', `${NAMESPACE}/cronjobs/rlcd-runner`],
  ['PATCH', `${NAMESPACE}/cronjobs/rlcd-runner`],
  ['GET', `${NAMESPACE}/jobs/x`],
  ['DELETE', `${NAMESPACE}/jobs/x`],
  ['DELETE', `${NAMESPACE}/jobs`],
  ['PATCH', `${NAMESPACE}/jobs/x/status`],
  ['GET', PODS],
  ['POST', PODS],
  ['GET', '/api/v1/namespaces/rlcd/secrets'],
  ['GET', '/api/v1/namespaces/rlcd/secrets/rlcd-launcher-token'],
  ['GET', '/api/v1/namespaces'],
  ['GET', '/api/v1/nodes'],
  ['GET', '/apis/batch/v1/jobs'],
  ['POST', '/apis/batch/v1/namespaces/default/jobs'],
  ['GET', '/apis/batch/v1/namespaces/default/cronjobs/rlcd-runner'],
  ['POST', '/api/v1/namespaces/rlcd/serviceaccounts/rlcd-launcher/token'],
] as const;
