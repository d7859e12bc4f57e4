/** The AWS SDK wants credentials; nothing on this machine checks them. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
